package io.llm2clip.kernels.gpu.cublas;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The library's and the driver's functions as their documentation describes them, on the host's memory: matrices by columns, in
 * plain loops. Objects that are used after they were destroyed, or never destroyed, are found.
 */
final class PretendCublas implements AutoCloseable {
    private static final int ALLOCATION_FAILED = 3;
    private static final int INVALID_VALUE = 7;
    private static final int NOT_SUPPORTED = 15;

    final Map<Long, Map<Integer, Long>> objects = new HashMap<>();
    final List<String> calls = new ArrayList<>();
    final List<Long> streams = new ArrayList<>();
    boolean hasAlgorithms = true;
    /** How many objects can be created before there is no memory for another one. */
    int room = Integer.MAX_VALUE;

    long context;

    private final Arena arena = Arena.ofShared();
    private final Map<String, MemorySegment> functions = new HashMap<>();
    private long next = 1000;

    PretendCublas() {
        for (Method method : PretendCublas.class.getDeclaredMethods()) {
            if (method.getName().startsWith("cu")) {
                functions.put(method.getName(), stub(method));
            }
        }
    }

    SymbolLookup symbols() {
        return name -> Optional.ofNullable(functions.get(name));
    }

    void remove(String function) {
        functions.remove(function);
    }

    private MemorySegment stub(Method method) {
        try {
            MethodHandle handle = MethodHandles.lookup().unreflect(method).bindTo(this);
            MemoryLayout[] parameters = Arrays.stream(method.getParameterTypes())
                    .map(PretendCublas::layout)
                    .toArray(MemoryLayout[]::new);
            return Linker.nativeLinker()
                    .upcallStub(handle, FunctionDescriptor.of(layout(method.getReturnType()), parameters), arena);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static MemoryLayout layout(Class<?> type) {
        return type == int.class
                ? ValueLayout.JAVA_INT
                : type == long.class ? ValueLayout.JAVA_LONG : ValueLayout.ADDRESS;
    }

    private int create(MemorySegment result, Map<Integer, Long> attributes) {
        if (room-- == 0) {
            return ALLOCATION_FAILED;
        }
        objects.put(++next, new HashMap<>(attributes));
        result.reinterpret(8).set(ValueLayout.JAVA_LONG, 0, next);
        return 0;
    }

    private int destroy(long object) {
        return objects.remove(object) == null ? INVALID_VALUE : 0;
    }

    private int set(long object, int attribute, MemorySegment value, long bytes, long expected) {
        if (!objects.containsKey(object) || bytes != expected) {
            return INVALID_VALUE;
        }
        MemorySegment of = value.reinterpret(bytes);
        objects.get(object)
                .put(attribute, bytes == 8 ? of.get(ValueLayout.JAVA_LONG, 0) : of.get(ValueLayout.JAVA_INT, 0));
        return 0;
    }

    long cublasLtGetVersion() {
        return 130_104;
    }

    int cuCtxSetCurrent(long current) {
        context = current;
        return 0;
    }

    int cuMemAlloc_v2(MemorySegment address, long bytes) {
        return create(address, Map.of(0, bytes));
    }

    int cuMemFree_v2(long address) {
        return destroy(address);
    }

    int cublasLtCreate(MemorySegment handle) {
        return context == 0 ? INVALID_VALUE : create(handle, Map.of());
    }

    int cublasLtDestroy(long handle) {
        return destroy(handle);
    }

    int cublasLtMatmulDescCreate(MemorySegment product, int computeType, int scaleType) {
        calls.add("compute type " + computeType);
        // Not transposed and without epilogue, as long as nothing else is set.
        return create(product, Map.of(3, 0L, 4, 0L, 7, 1L));
    }

    int cublasLtMatmulDescSetAttribute(long product, int attribute, MemorySegment value, long bytes) {
        return set(product, attribute, value, bytes, attribute == 8 ? 8 : 4);
    }

    int cublasLtMatmulDescDestroy(long product) {
        return destroy(product);
    }

    int cublasLtMatrixLayoutCreate(MemorySegment layout, int type, long rows, long columns, long leading) {
        return leading < rows
                ? INVALID_VALUE
                : create(layout, Map.of(0, (long) type, 2, rows, 3, columns, 4, leading, 5, 1L, 6, 0L));
    }

    int cublasLtMatrixLayoutSetAttribute(long layout, int attribute, MemorySegment value, long bytes) {
        return set(layout, attribute, value, bytes, attribute == 5 ? 4 : 8);
    }

    int cublasLtMatrixLayoutDestroy(long layout) {
        return destroy(layout);
    }

    int cublasLtMatmulPreferenceCreate(MemorySegment preference) {
        return create(preference, Map.of());
    }

    int cublasLtMatmulPreferenceSetAttribute(long preference, int attribute, MemorySegment value, long bytes) {
        calls.add("preference " + attribute + " " + value.reinterpret(4).get(ValueLayout.JAVA_INT, 0));
        return set(preference, attribute, value, bytes, attribute == 1 ? 8 : 4);
    }

    int cublasLtMatmulPreferenceDestroy(long preference) {
        return destroy(preference);
    }

    int cublasLtMatmulAlgoGetHeuristic(
            long handle,
            long product,
            long a,
            long b,
            long c,
            long d,
            long preference,
            int most,
            MemorySegment results,
            MemorySegment found) {
        if (!objects.keySet().containsAll(List.of(handle, product, a, b, c, d, preference))) {
            return INVALID_VALUE;
        }
        results.reinterpret(96).fill((byte) 0x11);
        found.reinterpret(4).set(ValueLayout.JAVA_INT, 0, hasAlgorithms ? most : 0);
        return 0;
    }

    int cublasLtMatmul(
            long handle,
            long product,
            MemorySegment alpha,
            long a,
            long aLayout,
            long b,
            long bLayout,
            MemorySegment beta,
            long c,
            long cLayout,
            long d,
            long dLayout,
            MemorySegment algorithm,
            long workspace,
            long workspaceBytes,
            long stream) {
        streams.add(stream);
        if (!objects.keySet().containsAll(List.of(handle, product, aLayout, bLayout, cLayout, dLayout, workspace))
                || objects.get(workspace).get(0) < workspaceBytes) {
            return INVALID_VALUE;
        }
        if (algorithm.reinterpret(64).get(ValueLayout.JAVA_INT, 60) != 0x11111111) {
            return NOT_SUPPORTED;
        }
        Map<Integer, Long> settings = objects.get(product);
        Matrix left = new Matrix(a, objects.get(aLayout), settings.get(3) == 1);
        Matrix right = new Matrix(b, objects.get(bLayout), settings.get(4) == 1);
        Matrix addend = new Matrix(c, objects.get(cLayout), false);
        Matrix out = new Matrix(d, objects.get(dLayout), false);
        if (left.rows() != out.rows() || right.columns() != out.columns() || left.columns() != right.rows()) {
            return INVALID_VALUE;
        }
        float scale = alpha.reinterpret(4).get(ValueLayout.JAVA_FLOAT, 0);
        float keep = beta.reinterpret(4).get(ValueLayout.JAVA_FLOAT, 0);
        for (long batch = 0; batch < out.batches(); batch++) {
            for (long column = 0; column < out.columns(); column++) {
                for (long row = 0; row < out.rows(); row++) {
                    double sum = 0;
                    for (long i = 0; i < left.columns(); i++) {
                        sum += (double) left.get(batch, row, i) * right.get(batch, i, column);
                    }
                    double value = scale * sum + (keep == 0 ? 0 : keep * addend.get(batch, row, column));
                    if (settings.get(7) == 4) {
                        value += MemorySegment.ofAddress(settings.get(8) + 4 * row)
                                .reinterpret(4)
                                .get(ValueLayout.JAVA_FLOAT, 0);
                    }
                    out.at(batch, row, column).set(ValueLayout.JAVA_FLOAT, 0, (float) value);
                }
            }
        }
        return 0;
    }

    private record Matrix(long address, Map<Integer, Long> layout, boolean transposed) {
        long rows() {
            return layout.get(transposed ? 3 : 2);
        }

        long columns() {
            return layout.get(transposed ? 2 : 3);
        }

        long batches() {
            return layout.get(5);
        }

        float get(long batch, long row, long column) {
            MemorySegment element = at(batch, transposed ? column : row, transposed ? row : column);
            return half()
                    ? Float.intBitsToFloat(element.get(ValueLayout.JAVA_SHORT, 0) << 16)
                    : element.get(ValueLayout.JAVA_FLOAT, 0);
        }

        MemorySegment at(long batch, long row, long column) {
            long element = batch * layout.get(6) + column * layout.get(4) + row;
            int bytes = half() ? 2 : 4;
            return MemorySegment.ofAddress(address + bytes * element).reinterpret(bytes);
        }

        private boolean half() {
            return layout.get(0) == 14;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
