"""Brands (品牌, the tenants), their dealers (经销商), and the terms a brand sets."""
