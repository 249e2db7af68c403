package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@code out[i] = expression(inputs at i)} for every index of {@code shape}; the output is contiguous.
 *
 * <p>Inputs and output each have a type of their own, the expression computes in f32. Loads: bf16 and f16 exactly, i32 to the nearest
 * f32. Stores: bf16 and f16 round to nearest even, beyond the greatest to infinity, NaN stays NaN; i32 rounds towards zero, saturates
 * and makes NaN 0. The expression {@link Expression#IDENTITY} between two types therefore is their conversion. Between equal types it is
 * a copy that keeps every bit: it materializes a transposed, expanded or sliced view.
 *
 * @param expression what to compute for each element
 * @param shape output dimensions
 * @param sources type and layout of each input
 * @param output type of the output
 */
public record Elementwise(Expression expression, List<Integer> shape, List<Source> sources, DType output)
        implements KernelOp {

    /**
     * Where an input's elements come from.
     *
     * @param dtype type of its elements
     * @param strides for each dimension, in elements; 0 broadcasts
     */
    public record Source(DType dtype, List<Integer> strides) {
        public Source {
            Checks.require(!dtype.isQuantized(), "Elementwise: elements of a dense type", dtype);
            strides = List.copyOf(strides);
        }
    }

    public Elementwise {
        shape = List.copyOf(shape);
        sources = List.copyOf(sources);
        Checks.require(!output.isQuantized(), "Elementwise: elements of a dense type", output);
        Checks.require(
                sources.size() == expression.inputs(),
                "Elementwise: " + expression.inputs() + " inputs",
                sources.size());
        for (Source source : sources) {
            Checks.require(
                    source.strides.size() == shape.size(),
                    "Elementwise: one stride per dimension of " + shape,
                    source.strides);
        }
    }

    /** Of f32 elements only, with strides per input. */
    public Elementwise(Expression expression, List<Integer> shape, List<List<Integer>> strides) {
        this(
                expression,
                shape,
                strides.stream().map(s -> new Source(DType.F32, s)).toList(),
                DType.F32);
    }

    /** Makes a view contiguous. */
    public static Elementwise copy(DType dtype, List<Integer> shape, List<Integer> strides) {
        return new Elementwise(Expression.IDENTITY, shape, List.of(new Source(dtype, strides)), dtype);
    }

    /** Converts contiguous elements. */
    public static Elementwise convert(int elements, DType from, DType to) {
        return new Elementwise(Expression.IDENTITY, List.of(elements), List.of(new Source(from, List.of(1))), to);
    }

    /** Whether it moves elements as they are. */
    public boolean isCopy() {
        return isIdentity() && sources.getFirst().dtype.stored() == output.stored();
    }

    /** Whether it computes nothing: it copies, or it converts. */
    public boolean isIdentity() {
        return expression.instructions().isEmpty();
    }

    /** Whether all elements are f32, or truth values, which are stored as such. */
    public boolean isOfFloats() {
        return output.stored() == DType.F32 && sources.stream().allMatch(source -> source.dtype.stored() == DType.F32);
    }

    /** Whether an input is contiguous and of as many elements as the output. */
    public boolean isDense(int input) {
        long expected = 1;
        for (int d = shape.size() - 1; d >= 0; d--) {
            if (shape.get(d) != 1 && sources.get(input).strides.get(d) != expected) {
                return false;
            }
            expected *= shape.get(d);
        }
        return true;
    }

    /** Where the input's element is that belongs to an element of the output, in elements. */
    public long offset(int input, long element) {
        List<Integer> strides = sources.get(input).strides;
        long offset = 0;
        long rest = element;
        for (int d = shape.size() - 1; d >= 0; d--) {
            offset += rest % shape.get(d) * strides.get(d);
            rest /= shape.get(d);
        }
        return offset;
    }

    @Override
    public List<Operand> operands() {
        List<Operand> operands = new ArrayList<>();
        IntStream.range(0, sources.size()).forEach(i -> {
            Source source = sources.get(i);
            operands.add(new Operand("in" + i, source.dtype, extent(shape, source.strides), Operand.Access.READ));
        });
        operands.add(new Operand("out", output, Checks.product(shape), Operand.Access.WRITE));
        return operands;
    }

    @Override
    public long flops() {
        return Checks.product(shape)
                * expression.instructions().stream()
                        .filter(i -> i.opcode() != Opcode.CONSTANT)
                        .count();
    }

    private static long extent(List<Integer> shape, List<Integer> strides) {
        long last = 0;
        for (int d = 0; d < shape.size(); d++) {
            if (shape.get(d) == 0) {
                return 0;
            }
            last += (shape.get(d) - 1L) * strides.get(d);
        }
        return last + 1;
    }
}
