package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.NormOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Layer and root-mean-square normalization. */
public final class NormRows {

    private NormRows() {}

    public static Launch layerNorm(NormOp.LayerNorm op, long[] addresses, Workers workers) {
        return layerNorm(op, addresses, new RowOutput(op.output(), addresses[3], op.columns()), workers);
    }

    /** Writes to an output of its own. */
    public static Launch layerNorm(NormOp.LayerNorm op, long[] addresses, RowOutput out, Workers workers) {
        int columns = op.columns();
        MachineNorm machine = MachineNorm.of(columns, op.epsilon(), true);
        Norm norm = machine != null
                ? (x, result, worker) -> machine.row(x, addresses[1], addresses[2], result, worker)
                : (x, result, _) -> {
                    float mean = RowMath.sum(x, columns) / columns;
                    float inverse = inverseDeviation(x, mean, columns, op.epsilon());
                    layerNorm(x, mean, inverse, addresses[1], addresses[2], columns, result);
                };
        return rows(norm, op.rows(), columns, 3L * columns, addresses[0], out, workers);
    }

    public static Launch rmsNorm(NormOp.RmsNorm op, long[] addresses, Workers workers) {
        return rmsNorm(op, addresses, new RowOutput(op.output(), addresses[2], op.columns()), workers);
    }

    /** Writes to an output of its own. */
    public static Launch rmsNorm(NormOp.RmsNorm op, long[] addresses, RowOutput out, Workers workers) {
        int columns = op.columns();
        MachineNorm machine = MachineNorm.of(columns, op.epsilon(), false);
        Norm norm = machine != null
                ? (x, result, worker) -> machine.row(x, addresses[1], 0, result, worker)
                : (x, result, _) ->
                        rmsNorm(x, inverseDeviation(x, 0, columns, op.epsilon()), addresses[1], columns, result);
        return rows(norm, op.rows(), columns, 2L * columns, addresses[0], out, workers);
    }

    /** Normalizes the row at an address. */
    private interface Norm {
        void row(long x, long result, int worker);
    }

    private static Launch rows(Norm norm, long rows, int columns, long work, long x, RowOutput out, Workers workers) {
        return out.launch(
                workers, rows, work, (row, to, worker) -> norm.row(x + row * columns * Float.BYTES, to, worker));
    }

    /** {@code 1 / sqrt(mean((x - mean)^2) + epsilon)}. */
    static float inverseDeviation(long x, float mean, int columns, float epsilon) {
        return (float) (1 / Math.sqrt(RowMath.sumOfSquares(x, mean, columns) / columns + epsilon));
    }

    private static void layerNorm(long x, float mean, float inverse, long weight, long bias, int columns, long out) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES, x += BYTES, weight += BYTES, bias += BYTES, out += BYTES) {
            FloatVector normalized = FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER)
                    .sub(mean)
                    .mul(inverse);
            normalized
                    .fma(
                            FloatVector.fromMemorySegment(SPECIES, ALL, weight, ORDER),
                            FloatVector.fromMemorySegment(SPECIES, ALL, bias, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
        if (i < columns) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, columns - i);
            FloatVector normalized = FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask)
                    .sub(mean)
                    .mul(inverse);
            normalized
                    .fma(
                            FloatVector.fromMemorySegment(SPECIES, ALL, weight, ORDER, mask),
                            FloatVector.fromMemorySegment(SPECIES, ALL, bias, ORDER, mask))
                    .intoMemorySegment(ALL, out, ORDER, mask);
        }
    }

    private static void rmsNorm(long x, float inverse, long weight, int columns, long out) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES, x += BYTES, weight += BYTES, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER)
                    .mul(inverse)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, weight, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
        if (i < columns) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, columns - i);
            FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask)
                    .mul(inverse)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, weight, ORDER, mask))
                    .intoMemorySegment(ALL, out, ORDER, mask);
        }
    }
}
