"""llama.cpp's own HTTP server on a free port of 127.0.0.1: python serve.py MODEL

Prints its address in a line and serves until its standard input is closed.
"""

import os
import sys

import xllamacpp


def main(model):
    settings = xllamacpp.CommonParams()
    settings.model.path = model
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.n_parallel = 4
    settings.n_ctx = 4 * 32768
    settings.cpuparams.n_threads = 1
    settings.cpuparams_batch.n_threads = 1
    settings.offline = True
    server = xllamacpp.Server(settings)
    print(f"listening on {server.listening_address}", flush=True)
    sys.stdin.read()
    os._exit(0)  # its threads would hold on otherwise


if __name__ == "__main__":
    main(sys.argv[1])
