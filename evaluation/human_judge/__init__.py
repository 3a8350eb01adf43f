"""The judge of human sketches: trained on what people drew, it says how well drawings are named. Never in a loss."""
