"""Third-party devices: upstream's device plugin API (v1beta1) and podresources API (v1), over gRPC on unix sockets.

`wire` and `messages` (pure) are the protocol; `listener` waits on a socket without having gRPC loaded; `registration`
serves it; `endpoint` talks to one plugin; `podresources` tells monitoring agents who holds what.
"""
