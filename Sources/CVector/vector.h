// Square roots of whole vectors: Swift's `squareRoot()` on SIMD types calls libm lane by lane.
#pragma once

typedef float vector_float16 __attribute__((ext_vector_type(16)));
typedef double vector_double8 __attribute__((ext_vector_type(8)));

static inline vector_float16 vector_sqrt_float16(vector_float16 x) { return __builtin_elementwise_sqrt(x); }
static inline vector_double8 vector_sqrt_double8(vector_double8 x) { return __builtin_elementwise_sqrt(x); }
