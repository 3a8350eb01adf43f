"""Images: blur, resampling, margins and colours; each once, for every room that looks at pictures."""
