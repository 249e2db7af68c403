package io.llm2clip.kernels.gpu.cublas;

import static io.llm2clip.kernels.gpu.cublas.NativeLibrary.INT;
import static io.llm2clip.kernels.gpu.cublas.NativeLibrary.LONG;
import static io.llm2clip.kernels.gpu.cublas.NativeLibrary.POINTER;

import io.llm2clip.kernels.Resources;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Optional;

/** The library and what is created once for a device: its handle and a workspace for its kernels. */
public final class CublasLt implements AutoCloseable {
    /** The library's file, or {@code none} to do without it. */
    public static final String PROPERTY = "llm2clip.cublaslt";

    private static final List<String> NAMES = List.of(
            "libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so", "cublasLt64_13.dll", "cublasLt64_12.dll");
    /** What NVIDIA recommends for the newest devices. */
    private static final long WORKSPACE = 32L << 20;

    private final NativeLibrary library;
    private final CudaDriver driver;
    private final long version;
    private long context;
    private long handle;
    private long workspace;

    /**
     * Binds the functions of the library and of the driver.
     *
     * @throws CublasException if one is missing
     */
    public CublasLt(SymbolLookup symbols, SymbolLookup driverSymbols) {
        library = new NativeLibrary("cuBLASLt", symbols);
        driver = new CudaDriver(driverSymbols);
        library.declare("cublasLtCreate", POINTER);
        library.declare("cublasLtDestroy", LONG);
        library.declare("cublasLtMatmulDescCreate", POINTER, INT, INT);
        library.declare("cublasLtMatmulDescSetAttribute", LONG, INT, POINTER, LONG);
        library.declare("cublasLtMatmulDescDestroy", LONG);
        library.declare("cublasLtMatrixLayoutCreate", POINTER, INT, LONG, LONG, LONG);
        library.declare("cublasLtMatrixLayoutSetAttribute", LONG, INT, POINTER, LONG);
        library.declare("cublasLtMatrixLayoutDestroy", LONG);
        library.declare("cublasLtMatmulPreferenceCreate", POINTER);
        library.declare("cublasLtMatmulPreferenceSetAttribute", LONG, INT, POINTER, LONG);
        library.declare("cublasLtMatmulPreferenceDestroy", LONG);
        library.declare(
                "cublasLtMatmulAlgoGetHeuristic", LONG, LONG, LONG, LONG, LONG, LONG, LONG, INT, POINTER, POINTER);
        library.declare(
                "cublasLtMatmul",
                LONG,
                LONG,
                POINTER,
                LONG,
                LONG,
                LONG,
                LONG,
                POINTER,
                LONG,
                LONG,
                LONG,
                LONG,
                POINTER,
                LONG,
                LONG,
                LONG);
        version = version(symbols);
    }

    /** The library where the loader finds it; empty if there is none or {@link #PROPERTY} says so. */
    public static Optional<CublasLt> find() {
        String chosen = System.getProperty(PROPERTY);
        if ("none".equals(chosen)) {
            return Optional.empty();
        }
        for (String name : chosen == null ? NAMES : List.of(chosen)) {
            try {
                SymbolLookup symbols = SymbolLookup.libraryLookup(name, Arena.global());
                return Optional.of(new CublasLt(symbols, CudaDriver.symbols()));
            } catch (IllegalArgumentException e) {
                if (chosen != null) {
                    throw new CublasException(
                            "The library " + chosen + " cannot be loaded; correct -D" + PROPERTY + ".", e);
                }
            }
        }
        return Optional.empty();
    }

    private static long version(SymbolLookup symbols) {
        return symbols.find("cublasLtGetVersion")
                .map(function -> {
                    try {
                        return (long) Linker.nativeLinker()
                                .downcallHandle(function, FunctionDescriptor.of(LONG))
                                .invokeExact();
                    } catch (RuntimeException | Error e) {
                        throw e;
                    } catch (Throwable e) {
                        throw new CublasException("cuBLASLt does not tell its version.", e);
                    }
                })
                .orElse(0L);
    }

    /** As {@code 13.1.0}. */
    public String version() {
        return version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /** Creates the handle and the workspace in a CUDA context, unless they are there already, and makes it the thread's. */
    public void open(long context) {
        driver.setContext(context);
        this.context = context;
        if (handle == 0) {
            // First what may be refused, so that there is a handle only with its workspace.
            long memory = driver.allocate(WORKSPACE);
            try {
                handle = created("cublasLtCreate");
            } catch (RuntimeException | Error e) {
                driver.free(memory);
                throw e;
            }
            workspace = memory;
        }
    }

    /** Calls a function that stores what it creates where its first argument, supplied here, points. */
    long created(String function, Object... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(LONG);
            Object[] all = new Object[arguments.length + 1];
            all[0] = result;
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            library.call(function, all);
            return result.get(LONG, 0);
        }
    }

    void call(String function, Object... arguments) {
        library.call(function, arguments);
    }

    void set(String function, long object, int attribute, int value) {
        try (Arena arena = Arena.ofConfined()) {
            library.call(function, object, attribute, arena.allocateFrom(INT, value), (long) Integer.BYTES);
        }
    }

    void set(String function, long object, int attribute, long value) {
        try (Arena arena = Arena.ofConfined()) {
            library.call(function, object, attribute, arena.allocateFrom(LONG, value), (long) Long.BYTES);
        }
    }

    long handle() {
        return handle;
    }

    /** Device memory that one product at a time may use. */
    long workspace() {
        return workspace;
    }

    static long workspaceBytes() {
        return WORKSPACE;
    }

    @Override
    public void close() {
        if (handle != 0) {
            long destroyed = handle;
            handle = 0;
            driver.setContext(context);
            Resources.closeAll(List.of(() -> library.call("cublasLtDestroy", destroyed), () -> driver.free(workspace)));
        }
    }
}
