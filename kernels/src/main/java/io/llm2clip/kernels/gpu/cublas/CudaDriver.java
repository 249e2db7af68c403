package io.llm2clip.kernels.gpu.cublas;

import static io.llm2clip.kernels.gpu.cublas.NativeLibrary.LONG;
import static io.llm2clip.kernels.gpu.cublas.NativeLibrary.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;

/** What the library needs of the CUDA driver: the thread's context, and memory. */
final class CudaDriver {
    private static final String FILE =
            System.getProperty("os.name").startsWith("Windows") ? "nvcuda.dll" : "libcuda.so.1";

    private final NativeLibrary driver;

    CudaDriver(SymbolLookup symbols) {
        driver = new NativeLibrary("The CUDA driver", symbols);
        driver.declare("cuCtxSetCurrent", LONG);
        driver.declare("cuMemAlloc_v2", POINTER, LONG);
        driver.declare("cuMemFree_v2", LONG);
    }

    /** The installed driver. */
    static SymbolLookup symbols() {
        return SymbolLookup.libraryLookup(FILE, Arena.global());
    }

    void setContext(long context) {
        driver.call("cuCtxSetCurrent", context);
    }

    long allocate(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(LONG);
            driver.call("cuMemAlloc_v2", address, bytes);
            return address.get(LONG, 0);
        }
    }

    void free(long address) {
        driver.call("cuMemFree_v2", address);
    }
}
