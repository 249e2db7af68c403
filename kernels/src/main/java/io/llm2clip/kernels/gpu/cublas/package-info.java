/**
 * NVIDIA's cuBLASLt by the foreign function interface: matrix products on memory of a CUDA device, in the order of a stream.
 *
 * <p>Nothing here needs the library to compile or to load; addresses are device addresses as plain numbers. Names, numbers and
 * meanings are those of the header {@code cublasLt.h}.
 */
@NullMarked
package io.llm2clip.kernels.gpu.cublas;

import org.jspecify.annotations.NullMarked;
