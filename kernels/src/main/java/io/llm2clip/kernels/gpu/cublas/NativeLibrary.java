package io.llm2clip.kernels.gpu.cublas;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** Functions of a native library that return a status, 0 for success. */
final class NativeLibrary {
    static final AddressLayout POINTER = ValueLayout.ADDRESS;
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final String name;
    private final SymbolLookup symbols;
    private final Map<String, MethodHandle> functions = new HashMap<>();

    NativeLibrary(String name, SymbolLookup symbols) {
        this.name = name;
        this.symbols = symbols;
    }

    /**
     * Makes a function callable.
     *
     * @throws CublasException if the library has none of the name
     */
    void declare(String function, MemoryLayout... parameters) {
        functions.put(
                function,
                Linker.nativeLinker()
                        .downcallHandle(
                                symbols.find(function)
                                        .orElseThrow(() -> new CublasException(name + " has no function " + function
                                                + "; install a version that has it, such as that of CUDA 13.")),
                                FunctionDescriptor.of(INT, parameters)));
    }

    /**
     * Calls a declared function.
     *
     * @throws CublasException if its status is not 0
     */
    void call(String function, Object... arguments) {
        int status;
        try {
            status = (int)
                    Objects.requireNonNull(functions.get(function), function).invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new CublasException(name + " could not be called: " + e.getMessage(), e);
        }
        if (status != 0) {
            throw new CublasException(name + " failed in " + function + " with status " + status
                    + "; update the driver, or take the library out of the loader's path to do without it.");
        }
    }
}
