"""A receiver of metrics made from OpenTelemetry's own protocol buffers.

Prints its port, then a line of JSON for each request: its path, some of its headers, and the message.
Answers as the arguments say, one after the other, the last one from then on:

  200            everything was taken
  200:17:words   17 data points were not, with the reason
  503            that status, with a message
  503:wait=0     the same, with Retry-After
  html           200, as something that is no receiver answers
  silent         nothing at all
"""

import gzip
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

ANSWERS = sys.argv[1:] or ["200"]


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-encoding"] == "gzip":
            body = gzip.decompress(body)
        message = ExportMetricsServiceRequest.FromString(body)
        told = {
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "message": MessageToDict(message, preserving_proto_field_name=True),
        }
        print(json.dumps(told), flush=True)
        answer, *rest = (ANSWERS.pop(0) if len(ANSWERS) > 1 else ANSWERS[0]).split(":", 2)
        if answer == "silent":
            time.sleep(60)
        elif answer == "html":
            self.answer(200, b"<html>hello</html>", {"content-type": "text/html"})
        elif answer == "200":
            response = ExportMetricsServiceResponse()
            if rest:
                response.partial_success.rejected_data_points = int(rest[0])
                response.partial_success.error_message = rest[1]
            self.answer(200, response.SerializeToString(), {"content-type": "application/x-protobuf"})
        else:
            # google.rpc.Status: its message is field 2, of up to 127 bytes here.
            text = f"no, says {self.headers['authorization'] or 'it'}".encode()
            headers = {"content-type": "application/x-protobuf"}
            if rest:
                headers["retry-after"] = rest[0].removeprefix("wait=")
            self.answer(int(answer), bytes([0x12, len(text)]) + text, headers)

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
