package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Normalizations of rows by machine code, which is fast before the JVM has compiled anything. */
final class MachineNorm {
    /** By whether they center. */
    private static final Map<Boolean, MachineFunction> INSTALLED = new ConcurrentHashMap<>();

    private final MachineFunction function;
    private final PerWorker<Scratch> calls;

    private MachineNorm(VectorWidth width, MachineFunction function, int columns, float epsilon) {
        this.function = function;
        calls = new PerWorker<>(() -> {
            Scratch call = new Scratch(NormCall.BYTES);
            NormCall.prepare(call.address(), width, columns, epsilon);
            return call;
        });
    }

    /**
     * Of rows of some length.
     *
     * @param centered whether the mean is subtracted and a bias added
     * @return null if this process may run no such program
     */
    static @Nullable MachineNorm of(int columns, float epsilon, boolean centered) {
        if (!(MachineCode.ofThisProcess() instanceof MachineCode.Allowed(var features, CodeSpace space))) {
            return null;
        }
        VectorWidth width = VectorWidth.widest(features);
        if (width == null) {
            return null;
        }
        MachineFunction function = INSTALLED.computeIfAbsent(centered, key -> {
            String name = (key ? "layer norm, " : "root-mean-square norm, ") + width;
            return space.install(name, new NormProgram(width, key).encode());
        });
        return new MachineNorm(width, function, columns, epsilon);
    }

    /** Normalizes a row; calls with one worker's number must not overlap. The bias is read where rows are centered. */
    void row(long x, long weight, long bias, long out, int worker) {
        Scratch call = calls.get(worker);
        NormCall.set(call.address(), x, weight, bias, out);
        function.call(call.address());
        call.keepAlive();
    }
}
