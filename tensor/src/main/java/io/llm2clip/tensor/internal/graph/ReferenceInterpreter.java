package io.llm2clip.tensor.internal.graph;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.reference.Reference;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Evaluates a graph node by node with the scalar reference kernels: no fusion, no views, no memory plan. Slow and obvious; the
 * second opinion on everything the compiler does.
 */
public final class ReferenceInterpreter {
    private ReferenceInterpreter() {}

    /** Values of the outputs, given values of the inputs. */
    public static List<TensorData> evaluate(List<Tensor> outputs, Map<Tensor, TensorData> feeds) {
        Map<Tensor, TensorData> values = new HashMap<>(feeds);
        Map<Tensor, List<TensorData>> results = new HashMap<>();
        List<Tensor> order = Graph.topological(outputs);
        UnfedInputs.refuse(order.stream()
                .filter(node -> node.operation() instanceof Operation.Input && !feeds.containsKey(node))
                .toList());
        for (Tensor node : order) {
            if (!values.containsKey(node)) {
                values.put(node, evaluate(node, values, results));
            }
        }
        return outputs.stream().map(values::get).toList();
    }

    private static TensorData evaluate(
            Tensor node, Map<Tensor, TensorData> values, Map<Tensor, List<TensorData>> results) {
        List<TensorData> in = node.inputs().stream().map(values::get).toList();
        return switch (node.operation()) {
            case Operation.Kernel(KernelOp op, var _) -> {
                List<TensorData> all = run(node, op, in);
                results.put(node, all);
                yield shaped(node, all.getFirst());
            }
            case Operation.Output(int index) ->
                shaped(node, Graph.known(results, node.inputs().getFirst()).get(index));
            case Operation.Input _ -> throw new IllegalStateException(node + " was not fed.");
            case Operation.Variable variable -> variable.data();
            case Operation.Scalar scalar -> TensorData.of(Shape.SCALAR, scalar.value());
            case Operation.Pointwise pointwise -> {
                Expression one = new Expression(
                        in.size(),
                        List.of(new Expression.Instruction(
                                pointwise.opcode(), 0, in.size() > 1 ? 1 : 0, in.size() > 2 ? 2 : 0, 0)));
                KernelOp op = elementwise(
                        one,
                        node.shape(),
                        Collections.nCopies(in.size(), node.shape().strides()));
                yield shaped(node, run(op, in).getFirst());
            }
            case Operation.Cast(DType to) -> {
                DType from = node.inputs().getFirst().dtype();
                yield shaped(
                        node,
                        run(Elementwise.convert(node.shape().size(), from, to), in)
                                .getFirst());
            }
            case Operation.Reshape _,
                    Operation.Reinterpret _,
                    Operation.StopGradient _,
                    Operation.Recompute _,
                    Operation.After _ -> shaped(node, in.getFirst());
            case Operation.Permute permute -> {
                int[] strides = in.getFirst().shape().strides();
                yield strided(
                        node,
                        in.getFirst(),
                        permute.axes().stream().mapToInt(a -> strides[a]).toArray(),
                        0);
            }
            case Operation.Expand _ -> {
                Shape source = in.getFirst().shape();
                int[] strides = source.strides();
                int[] stretched = IntStream.range(0, source.rank())
                        .map(axis -> source.dim(axis) == node.shape().dim(axis) ? strides[axis] : 0)
                        .toArray();
                yield strided(node, in.getFirst(), stretched, 0);
            }
            case Operation.Slice slice -> {
                int[] strides = in.getFirst().shape().strides();
                yield strided(node, in.getFirst(), strides, (long) slice.start() * strides[slice.axis()]);
            }
        };
    }

    private static List<TensorData> run(Tensor node, KernelOp op, List<TensorData> in) {
        try {
            return run(op, in);
        } catch (IndexException e) {
            List<Operand> operands = op.inputs();
            throw e.of(IntStream.range(0, operands.size())
                    .filter(i -> operands.get(i).name().equals(e.operand())
                            || isNamed(node.inputs().get(i)))
                    .mapToObj(i -> operands.get(i).name() + " is "
                            + node.inputs().get(i).label())
                    .collect(Collectors.joining(", ")));
        }
    }

    private static boolean isNamed(Tensor node) {
        return node.operation() instanceof Operation.Input || node.operation() instanceof Operation.Variable;
    }

    private static TensorData strided(Tensor node, TensorData source, int[] strides, long offset) {
        KernelOp copy = Elementwise.copy(
                node.dtype(),
                node.shape().toList(),
                IntStream.of(strides).boxed().toList());
        long from = node.shape().size() == 0 ? 0 : offset * source.dtype().bytes();
        TensorData rest = TensorData.allocate(node.shape(), node.dtype());
        Reference.run(copy, new MemorySegment[] {source.readOnly().asSlice(from), rest.segment()});
        return rest;
    }

    private static TensorData shaped(Tensor node, TensorData data) {
        return new TensorData(node.shape(), node.dtype(), data.readOnly());
    }

    /** The results, as rows of elements: their shapes are the nodes' business. */
    private static List<TensorData> run(KernelOp op, List<TensorData> in) {
        List<TensorData> results = op.results().stream()
                .map(result -> TensorData.allocate(Shape.of((int) result.elements()), result.dtype()))
                .toList();
        Reference.run(
                op,
                Stream.concat(
                                in.stream().map(TensorData::readOnly),
                                results.stream().map(TensorData::segment))
                        .toArray(MemorySegment[]::new));
        return results;
    }

    private static KernelOp elementwise(Expression expression, Shape shape, List<int[]> strides) {
        return new Elementwise(
                expression,
                shape.toList(),
                strides.stream().map(s -> IntStream.of(s).boxed().toList()).toList());
    }
}
