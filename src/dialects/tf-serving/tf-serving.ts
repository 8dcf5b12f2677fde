/**
 * The prediction API of TensorFlow Serving.
 * https://www.tensorflow.org/tfx/serving/api_rest, https://github.com/tensorflow/serving
 */

import type { Dialect } from '../dialect.ts'
import { tfServingGrpc } from './grpc.ts'
import { tfServingHttp } from './http.ts'

export const tfServing: Dialect = {
  name: 'tf-serving',
  says: 'TensorFlow Serving’s Predict: tensors, as JSON; over gRPC, typed or as bytes',
  form: 'size',
  tensors: true,
  http: tfServingHttp,
  grpc: tfServingGrpc,
}
