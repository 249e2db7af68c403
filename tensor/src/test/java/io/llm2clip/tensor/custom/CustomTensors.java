package io.llm2clip.tensor.custom;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuOp;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.DifferentiableOp;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.example.operations.Center;
import org.example.operations.PickRows;
import org.example.operations.Swish;

/** Functions of tensors that are operations of a foreign project, with gradients. */
final class CustomTensors {
    private CustomTensors() {}

    /** {@code x / (1 + exp(-beta x))}, by a kernel for the CPU there. */
    static Tensor swish(Tensor x, float beta) {
        return Tensor.kernel(new DifferentiableSwish(new Swish(x.shape().size(), beta)), x.shape(), DType.F32, x);
    }

    /** The same, by the reference on the CPU. */
    static Tensor plainSwish(Tensor x, float beta) {
        return Tensor.kernel(new PlainSwish(new Swish(x.shape().size(), beta)), x.shape(), DType.F32, x);
    }

    /** Rows of a table {@code [rows, columns]} by an index {@code [count]}, and the sums of their squares. */
    static List<Tensor> pickRows(Tensor table, Tensor index) {
        int count = index.shape().size();
        int columns = table.shape().dim(1);
        PickRows op = new PickRows(count, table.shape().dim(0), columns);
        return Tensor.kernel(
                new DifferentiablePickRows(op), List.of(Shape.of(count, columns), Shape.of(count)), table, index);
    }

    /** {@code x - mean(x)}. */
    static Tensor center(Tensor x) {
        return Tensor.kernel(new DifferentiableCenter(new Center(x.shape().size())), x.shape(), DType.F32, x);
    }

    private interface Wrapping extends CustomOp {
        CustomOp op();

        @Override
        default List<Operand> operands() {
            return op().operands();
        }

        @Override
        default void reference(MemorySegment... operands) {
            op().reference(operands);
        }
    }

    private interface SwishWithGradient extends Wrapping, DeviceOp, DifferentiableOp {
        @Override
        Swish op();

        @Override
        default DevicePlan plan() {
            return op().plan();
        }

        @Override
        default List<Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients) {
            Tensor x = inputs.getFirst().mul(op().beta());
            Tensor gate = x.sigmoid();
            Tensor slope = gate.add(x.mul(gate).mul(gate.negate().add(1)));
            return List.of(gradients.getFirst().mul(slope));
        }
    }

    record DifferentiableSwish(Swish op) implements SwishWithGradient, CpuOp {
        @Override
        public Launch bind(MemorySegment[] operands, Workers workers) {
            return op.bind(operands, workers);
        }
    }

    record PlainSwish(Swish op) implements SwishWithGradient {}

    record DifferentiablePickRows(PickRows op) implements Wrapping, CpuOp, DeviceOp, DifferentiableOp {
        @Override
        public Launch bind(MemorySegment[] operands, Workers workers) {
            return op.bind(operands, workers);
        }

        @Override
        public DevicePlan plan() {
            return op.plan();
        }

        @Override
        public List<Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients) {
            Tensor squares = gradients.get(1).reshape(op.count(), 1).mul(2);
            Tensor flow = gradients.get(0).add(results.get(0).mul(squares));
            return Arrays.asList(flow.segmentSum(inputs.get(1), op.rows()), null);
        }
    }

    record DifferentiableCenter(Center op) implements Wrapping, DeviceOp, DifferentiableOp {
        @Override
        public DevicePlan plan() {
            return op.plan();
        }

        @Override
        public List<Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients) {
            return List.of(center(gradients.getFirst()));
        }
    }
}
