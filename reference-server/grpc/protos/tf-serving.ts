/**
 * TensorFlow Serving's prediction service, and the tensors that it takes: as much of both as `Predict` needs.
 * https://github.com/tensorflow/serving, https://github.com/tensorflow/tensorflow
 */
export const tensorflowProto = `
syntax = "proto3";
package tensorflow;

enum DataType {
  DT_INVALID = 0;
  DT_FLOAT = 1;
  DT_DOUBLE = 2;
  DT_INT32 = 3;
  DT_UINT8 = 4;
  DT_INT16 = 5;
  DT_INT8 = 6;
  DT_STRING = 7;
  DT_COMPLEX64 = 8;
  DT_INT64 = 9;
  DT_BOOL = 10;
  DT_UINT16 = 17;
  DT_HALF = 19;
  DT_UINT32 = 22;
  DT_UINT64 = 23;
}

message TensorShapeProto {
  message Dim {
    int64 size = 1;
    string name = 2;
  }
  repeated Dim dim = 2;
  bool unknown_rank = 3;
}

message TensorProto {
  DataType dtype = 1;
  TensorShapeProto tensor_shape = 2;
  int32 version_number = 3;
  bytes tensor_content = 4;
  repeated float float_val = 5;
  repeated double double_val = 6;
  repeated int32 int_val = 7;
  repeated bytes string_val = 8;
  repeated int64 int64_val = 10;
  repeated bool bool_val = 11;
  repeated int32 half_val = 13;
  repeated uint32 uint32_val = 16;
  repeated uint64 uint64_val = 17;
}
`

export const tfServingProto = `
syntax = "proto3";
package tensorflow.serving;

service PredictionService {
  rpc Predict(PredictRequest) returns (PredictResponse);
}

// What google.protobuf.Int64Value is.
message Version {
  int64 value = 1;
}

message ModelSpec {
  string name = 1;
  oneof version_choice {
    Version version = 2;
    string version_label = 4;
  }
  string signature_name = 3;
}

message PredictRequest {
  ModelSpec model_spec = 1;
  map<string, TensorProto> inputs = 2;
  repeated string output_filter = 3;
}

message PredictResponse {
  map<string, TensorProto> outputs = 1;
  ModelSpec model_spec = 2;
}
`
