// Square roots of whole vectors: Swift's `squareRoot()` on SIMD types calls libm lane by lane.
#pragma once

typedef float vector_float16 __attribute__((ext_vector_type(16)));
typedef double vector_double8 __attribute__((ext_vector_type(8)));

static inline vector_float16 vector_sqrt_float16(vector_float16 x) { return __builtin_elementwise_sqrt(x); }
static inline vector_double8 vector_sqrt_double8(vector_double8 x) { return __builtin_elementwise_sqrt(x); }

// a·b + c, rounded once where the processor can and twice where it cannot.
static inline vector_float16 vector_multiply_add(vector_float16 a, vector_float16 b, vector_float16 c) {
#pragma clang fp contract(fast)
  return a * b + c;
}

// Products of the low 32 bits of every lane; what stands above them does not matter. One instruction,
// written out because the compiler otherwise masks words that need no mask: half of a round of Philox.
typedef unsigned long long vector_uint64x8 __attribute__((ext_vector_type(8)));
typedef unsigned long long vector_uint64x4 __attribute__((ext_vector_type(4)));

static inline vector_uint64x8 vector_multiply_low_words(vector_uint64x8 a, vector_uint64x8 b) {
#if defined(__AVX512F__)
  vector_uint64x8 product;
  __asm__("vpmuludq %2, %1, %0" : "=v"(product) : "v"(a), "v"(b));
  return product;
#elif defined(__AVX2__)
  vector_uint64x4 low, high;
  __asm__("vpmuludq %2, %1, %0" : "=x"(low) : "x"(a.lo), "x"(b.lo));
  __asm__("vpmuludq %2, %1, %0" : "=x"(high) : "x"(a.hi), "x"(b.hi));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
  return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
}

// Tells the processor that this thread only waits for another one.
static inline void vector_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// The widest vector, in bits, that this build may use; compiled into what imports it.
#if defined(__AVX512F__)
enum { VECTOR_BITS = 512 };
#elif defined(__AVX2__)
enum { VECTOR_BITS = 256 };
#else
enum { VECTOR_BITS = 128 };
#endif
