package org.example.operations;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuOp;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Rows of a table {@code [rows, columns]} by an index {@code [count]}, and the sum of squares of each. */
public record PickRows(int count, int rows, int columns) implements CpuOp, DeviceOp {
    @Override
    public List<Operand> operands() {
        return List.of(
                Operand.in("table", (long) rows * columns),
                Operand.indices("index", count, 0, rows - 1),
                Operand.out("picked", (long) count * columns),
                Operand.out("squares", count));
    }

    @Override
    public void reference(MemorySegment... operands) {
        for (int i = 0; i < count; i++) {
            pick(operands, i);
        }
    }

    private void pick(MemorySegment[] operands, int i) {
        long from = (long) operands[1].get(ValueLayout.JAVA_INT_UNALIGNED, (long) i * Integer.BYTES) * columns;
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            float value = operands[0].get(ValueLayout.JAVA_FLOAT_UNALIGNED, (from + c) * Float.BYTES);
            operands[2].set(ValueLayout.JAVA_FLOAT_UNALIGNED, ((long) i * columns + c) * Float.BYTES, value);
            sum += (double) value * value;
        }
        operands[3].set(ValueLayout.JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES, (float) sum);
    }

    @Override
    public Launch bind(MemorySegment[] operands, Workers workers) {
        return () -> workers.parallel(count, (row, worker) -> pick(operands, row));
    }

    @Override
    public DevicePlan plan() {
        return DevicePlan.perRow(
                this, ForeignKernels.class, "k_pickRows", count, ForeignKernels.GROUP, List.of(columns), List.of());
    }
}
