"""Metrics: PSNR and SSIM of every frame, and more on demand."""
