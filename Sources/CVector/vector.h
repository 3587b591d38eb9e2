// Square roots of whole vectors: Swift's `squareRoot()` on SIMD types calls libm lane by lane.
#pragma once

typedef float vector_float16 __attribute__((ext_vector_type(16)));
typedef double vector_double8 __attribute__((ext_vector_type(8)));

static inline vector_float16 vector_sqrt_float16(vector_float16 x) { return __builtin_elementwise_sqrt(x); }
static inline vector_double8 vector_sqrt_double8(vector_double8 x) { return __builtin_elementwise_sqrt(x); }

// The widest vector, in bits, that this build may use; compiled into what imports it.
#if defined(__AVX512F__)
enum { VECTOR_BITS = 512 };
#elif defined(__AVX2__)
enum { VECTOR_BITS = 256 };
#else
enum { VECTOR_BITS = 128 };
#endif
