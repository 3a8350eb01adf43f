"""CLIP: OpenAI's and DataComp's towers as encoders, from safetensors files."""
