"""Replays readings of meters and air sensors through three real gateways of one commons: what
deploy/demo and the integration tests run on."""
