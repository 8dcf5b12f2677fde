/** The two call kinds that the Open Inference Protocol lacks: server streaming and client streaming. */
export const generationProto = `
syntax = "proto3";
package inferbench.v1;

service Generation {
  // One reply per token, and a last one that says how it ended.
  rpc Generate(GenerateRequest) returns (stream GenerateReply);
  // Takes an upload in pieces, and tells what came.
  rpc Collect(stream Chunk) returns (Summary);
}

message GenerateRequest {
  string model = 1;
  string prompt = 2;
  // 16 if it is 0.
  uint32 max_tokens = 3;
  // Go on to max_tokens even if the model says that it has finished.
  bool ignore_eos = 4;
}

message GenerateReply {
  oneof content {
    string text = 1;
    Finish finish = 2;
  }
}

message Finish {
  // "stop" or "length".
  string reason = 1;
  uint32 prompt_tokens = 2;
  uint32 output_tokens = 3;
}

message Chunk {
  bytes data = 1;
}

message Summary {
  uint64 chunk_count = 1;
  uint64 byte_count = 2;
}
`
