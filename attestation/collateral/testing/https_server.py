"""Serves answers from a folder over HTTPS on loopback, and misbehaves on request.

usage: https_server.py CERTIFICATE KEY ROUTES
ROUTES is a JSON file, read at every request: {"PATH?QUERY": {"status", "headers", "body" (hex),
"truncate" (bytes sent of it), "delay" (seconds before the answer)}}. Prints the port, then one line
a request.
"""
import http.server
import json
import ssl
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("GET " + self.path, flush=True)
        with open(sys.argv[3], encoding="utf-8") as file:
            route = json.load(file).get(self.path, {"status": 404})
        time.sleep(route.get("delay", 0))
        body = bytes.fromhex(route.get("body", ""))
        self.send_response(route["status"])
        for name, value in route.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:route.get("truncate", len(body))])

    def log_message(self, format, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # clients that hang up are part of the tests


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
