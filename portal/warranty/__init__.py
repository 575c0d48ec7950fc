"""Registered products (产品档案), warranty policies (保修政策) and the verdict: in or out of warranty, in a sentence."""
