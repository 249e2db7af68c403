package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Rotary;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A node of a lazy graph: an operation, its inputs, a shape and an element type. Nothing is computed until a {@link Program}
 * or the {@link Interpreter} is asked for it.
 *
 * <p>Binary operations broadcast by NumPy's rule. Element types are never promoted: operations take {@link DType#F32} elements, and
 * {@link DType#I32} ones as indices, targets and lengths; any other type is an error that says which {@link #cast} is missing, unless
 * an operation says that it takes it. Views and {@link #concat} take any. All errors are {@link TensorException}s thrown where the
 * graph is built.
 */
public final class Tensor
        implements PointwiseFunctions, ActivationFunctions, ViewFunctions, ReductionFunctions, ConvolutionFunctions {
    private static final AtomicLong NEXT_ID = new AtomicLong();

    private final long id = NEXT_ID.getAndIncrement();
    private final Operation operation;
    private final List<Tensor> inputs;
    private final Shape shape;
    private final DType dtype;
    private final boolean doubtful;
    private final @Nullable String site = BuildSite.current();

    Tensor(Operation operation, List<Tensor> inputs, Shape shape, DType dtype) {
        OperandTypes.check(operation, inputs, shape, dtype);
        this.operation = operation;
        this.inputs = List.copyOf(inputs);
        this.shape = shape;
        this.dtype = dtype;
        doubtful = Finiteness.isDoubtful(operation, this.inputs);
    }

    /** A value to be fed at each run of a program. */
    public static Tensor input(String name, Shape shape, DType dtype) {
        return new Tensor(new Operation.Input(name), List.of(), shape, dtype);
    }

    /** Stored elements, read where they lie whenever a program runs. */
    public static Tensor variable(String name, TensorData data) {
        return new Tensor(new Operation.Variable(name, data), List.of(), data.shape(), data.dtype());
    }

    /** One number, of shape {@code []}. */
    public static Tensor scalar(float value) {
        return new Tensor(new Operation.Scalar(value), List.of(), Shape.SCALAR, DType.F32);
    }

    /** A number stretched to a shape, without memory. */
    public static Tensor full(float value, Shape shape) {
        return scalar(value).expand(shape);
    }

    /** The numbers from 0 to one less than a count, of shape {@code [count]}. */
    public static Tensor range(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i;
        }
        return variable("range", TensorData.of(Shape.of(count), values).freeze());
    }

    /** Creation order: inputs have smaller numbers than the nodes that read them. */
    public long id() {
        return id;
    }

    /** Whether it may be infinite or NaN although the inputs and variables that it depends on are finite. */
    public boolean isDoubtful() {
        return doubtful;
    }

    public Operation operation() {
        return operation;
    }

    public List<Tensor> inputs() {
        return inputs;
    }

    public Shape shape() {
        return shape;
    }

    public DType dtype() {
        return dtype;
    }

    /** Where it was built, for messages; null unless {@code llm2clip.nancheck} has that noted. */
    public @Nullable String site() {
        return site;
    }

    /** What messages call it: the name of an input or a variable, type and shape. */
    public String label() {
        return TensorText.label(this);
    }

    /** Compiles for the CPU, runs and returns this one value. For many runs compile a {@link Program}. */
    public TensorData evaluate() {
        return evaluate(Execution.cpu());
    }

    /** Compiles, runs and returns this one value. For many runs compile a {@link Program}. */
    public TensorData evaluate(Execution execution) {
        try (Program program = Program.compile(List.of(this), execution)) {
            TensorData result = TensorData.allocate(shape, dtype);
            result.copyFrom(program.run().getFirst());
            return result;
        }
    }

    /** {@code condition ? a : b} by elements; {@code condition} holds truth values. */
    public static Tensor where(Tensor condition, Tensor a, Tensor b) {
        Shape common = Shape.broadcast("where", condition.shape, Shape.broadcast("where", a.shape, b.shape));
        return new Tensor(
                new Operation.Pointwise(Opcode.SELECT),
                List.of(condition.expand(common), a.expand(common), b.expand(common)),
                common,
                DType.F32);
    }

    /** Converts the element type: f32 to and from bf16, f16 and i32, and truth values to f32. */
    public Tensor cast(DType target) {
        if (target == dtype) {
            return this;
        }
        if (dtype == DType.BOOL && target == DType.F32) {
            return new Tensor(new Operation.Reinterpret(target), List.of(this), shape, target);
        }
        OperandTypes.requireDense("cast", this);
        if (target.isQuantized()) {
            throw new TensorException("cast: " + dtype + " to " + target
                    + "; expected a dense type, quantized elements come from files only.");
        }
        if (dtype == DType.BOOL || target == DType.BOOL || (dtype != DType.F32 && target != DType.F32)) {
            throw new TensorException(
                    "cast: " + dtype + " to " + target + " is not a conversion; go through F32, or compare.");
        }
        return new Tensor(new Operation.Cast(target), List.of(this), shape, target);
    }

    /**
     * A function of tensors of which the backward pass keeps nothing but what it reads, and which it computes again: less memory for more
     * time, most where a scope is a block of a deep network. Values and gradients are those of the function itself, bit for bit. Scopes may be
     * nested.
     *
     * @param inputs what the function is applied to
     * @param body may read other tensors too, such as parameters
     */
    public static Tensor recompute(List<Tensor> inputs, Function<List<Tensor>, Tensor> body) {
        long first = NEXT_ID.get();
        return Recomputation.scope(body.apply(inputs), first);
    }

    // Coarse operations.

    /** {@code [..., m, k] x [k, n]} or {@code [..., k, n]} with equal leading dimensions. */
    public Tensor matmul(Tensor other) {
        return matmul(other, false, false);
    }

    /** {@code x W^T} for a weight stored as {@code [out, in]}. */
    public Tensor matmulTransposed(Tensor weight) {
        return matmul(weight, false, true);
    }

    /**
     * Matmul over the last two axes, each operand stored transposed or not, in f32. The second operand may be of f32, bf16, f16, Q8,
     * Q4 or Q4_1; quantized it is a transposed one, whose rows of k are whole blocks. Leading dimensions are batches and must be
     * equal, except that a matrix as second operand is shared by all.
     */
    public Tensor matmul(Tensor other, boolean transposeA, boolean transposeB) {
        Shape a = shape;
        Shape b = other.shape;
        if (a.rank() < 2 || b.rank() < 2) {
            throw new TensorException(
                    "matmul: " + a + " x " + b + "; expected two or more dimensions each, reshape first.");
        }
        int m = a.dim(transposeA ? -1 : -2);
        int k = a.dim(transposeA ? -2 : -1);
        int n = b.dim(transposeB ? -2 : -1);
        int otherK = b.dim(transposeB ? -1 : -2);
        String operands = a + (transposeA ? "^T" : "") + " x " + b + (transposeB ? "^T" : "");
        if (k != otherK) {
            throw new TensorException("matmul: " + operands + ": inner dimensions " + k + " and " + otherK
                    + " differ; expected equal ones.");
        }
        OperandTypes.requireMatmul(other, transposeB);
        DType format = other.dtype;
        Shape result = a.without(a.rank() - 2, a.rank()).append(m, n);
        if (b.rank() == 2 && !transposeA) {
            KernelOp op = Matmul.dense(1, a.size(0, a.rank() - 1), n, k, false, transposeB, format);
            return kernel(op, result, DType.F32, this, other);
        }
        if (!a.without(a.rank() - 2, a.rank()).equals(b.without(b.rank() - 2, b.rank()))) {
            throw new TensorException("matmul: " + operands
                    + ": leading dimensions differ; expected equal ones, or a matrix as second operand.");
        }
        return kernel(
                Matmul.dense(a.size(0, a.rank() - 2), m, n, k, transposeA, transposeB, format),
                result,
                DType.F32,
                this,
                other);
    }

    /** Layer normalization over the last axis; {@code weight} and {@code bias} are {@code [columns]}. */
    public Tensor layerNorm(Tensor weight, Tensor bias, float epsilon) {
        requireEpsilon("layerNorm", epsilon);
        requireShape("layerNorm (weight)", Shape.of(columns()), weight);
        requireShape("layerNorm (bias)", Shape.of(columns()), bias);
        return kernel(new NormOp.LayerNorm(rows(), columns(), epsilon), shape, DType.F32, this, weight, bias);
    }

    /** Root-mean-square normalization over the last axis; {@code weight} is {@code [columns]}. */
    public Tensor rmsNorm(Tensor weight, float epsilon) {
        requireEpsilon("rmsNorm", epsilon);
        requireShape("rmsNorm (weight)", Shape.of(columns()), weight);
        return kernel(new NormOp.RmsNorm(rows(), columns(), epsilon), shape, DType.F32, this, weight);
    }

    /**
     * Scaled dot-product attention of {@code q [B, T, H*D]} over {@code k, v [B, S, KV*D]}, giving {@code [B, T, H*D]}.
     *
     * @param lengths i32 {@code [B]}, how many leading keys of a sequence exist
     * @param heads query heads H
     * @param keyValueHeads key/value heads KV; head h reads key/value head {@code h / (H/KV)}
     * @param scale factor of the scores, usually {@code 1/sqrt(D)}
     * @param causal whether query i sees only keys up to i
     */
    public static Tensor attention(
            Tensor q, Tensor k, Tensor v, Tensor lengths, int heads, int keyValueHeads, float scale, boolean causal) {
        requireHeads("attention", heads, keyValueHeads);
        if (q.shape.rank() != 3 || k.shape.rank() != 3 || q.shape.dim(-1) % heads != 0) {
            throw new TensorException("attention: q " + q.shape + ", k " + k.shape + " with " + heads
                    + " heads; expected [batch, length, heads * headSize].");
        }
        if (causal && q.shape.dim(1) != k.shape.dim(1)) {
            throw new TensorException("attention: causal with " + q.shape.dim(1) + " queries and " + k.shape.dim(1)
                    + " keys; expected as many.");
        }
        int headSize = q.shape.dim(-1) / heads;
        Shape keys = Shape.of(q.shape.dim(0), k.shape.dim(1), keyValueHeads * headSize);
        requireShape("attention (k)", keys, k);
        requireShape("attention (v)", keys, v);
        requireShape("attention (lengths)", Shape.of(q.shape.dim(0)), lengths);
        AttentionShape attention = new AttentionShape(
                q.shape.dim(0), q.shape.dim(1), k.shape.dim(1), heads, keyValueHeads, headSize, scale, causal);
        return kernel(new AttentionOp.Attention(attention), q.shape, DType.F32, q, k, v, lengths);
    }

    /**
     * Attention within each of several sequences of any lengths, stored one behind the other: of {@code q [N, H*D]} over
     * {@code k, v [N, KV*D]}, giving {@code [N, H*D]}. Sequence s is rows {@code offsets[s] .. offsets[s+1]-1}. Rows before the first
     * sequence and behind the last are seen by none and become 0.
     *
     * @param offsets i32 {@code [S+1]} for at most S sequences, each from 0 to N and none less than the one before; equal ones
     *     enclose a sequence without rows
     * @param heads query heads H
     * @param keyValueHeads key/value heads KV; head h reads key/value head {@code h / (H/KV)}
     * @param scale factor of the scores, usually {@code 1/sqrt(D)}
     * @param causal whether query i of a sequence sees only its keys up to i
     */
    public static Tensor raggedAttention(
            Tensor q, Tensor k, Tensor v, Tensor offsets, int heads, int keyValueHeads, float scale, boolean causal) {
        requireHeads("raggedAttention", heads, keyValueHeads);
        if (q.shape.rank() != 2 || q.shape.dim(1) % heads != 0) {
            throw new TensorException(
                    "raggedAttention: q " + q.shape + " with " + heads + " heads; expected [rows, heads * headSize].");
        }
        if (offsets.shape.rank() != 1 || offsets.shape.dim(0) == 0) {
            throw new TensorException(
                    "raggedAttention (offsets): expected shape [sequences + 1], found " + offsets.shape + ".");
        }
        int rows = q.shape.dim(0);
        int headSize = q.shape.dim(1) / heads;
        Shape keys = Shape.of(rows, keyValueHeads * headSize);
        requireShape("raggedAttention (k)", keys, k);
        requireShape("raggedAttention (v)", keys, v);
        AttentionShape attention =
                AttentionShape.ragged(offsets.shape.dim(0) - 1, rows, heads, keyValueHeads, headSize, scale, causal);
        return kernel(new AttentionOp.Attention(attention), q.shape, DType.F32, q, k, v, offsets);
    }

    /**
     * Rotary position embedding of {@code [B, T, H, D]}.
     *
     * @param cos cosines {@code [T, D/2]}
     * @param sin sines {@code [T, D/2]}
     * @param interleaved whether neighboring channels form a pair (EVA02), or channels half a head apart (Llama)
     */
    public Tensor rotary(Tensor cos, Tensor sin, boolean interleaved) {
        if (shape.rank() != 4 || shape.dim(3) % 2 != 0) {
            throw new TensorException("rotary: " + shape + "; expected [batch, positions, heads, even headSize].");
        }
        Shape angles = Shape.of(shape.dim(1), shape.dim(3) / 2);
        requireShape("rotary (cos)", angles, cos);
        requireShape("rotary (sin)", angles, sin);
        KernelOp op = new Rotary(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), interleaved, false);
        return kernel(op, shape, DType.F32, this, cos, sin);
    }

    /**
     * Rows of this {@code [rows, columns]} table of f32, bf16, f16, Q8, Q4 or Q4_1, as f32, by an i32 index of any shape: {@code
     * index.shape + [columns]}.
     */
    public Tensor gather(Tensor index) {
        if (shape.rank() != 2) {
            throw new TensorException("gather: table " + shape + "; expected [rows, columns].");
        }
        DType table = MatrixOperand.FORMATS.contains(dtype) ? dtype : DType.F32;
        KernelOp op = new IndexOp.Gather(index.shape.size(), shape.dim(0), shape.dim(1), table);
        return kernel(op, index.shape.append(shape.dim(1)), DType.F32, this, index);
    }

    /**
     * Sums of rows: of this {@code [rows, columns]} the {@code [count, columns]} in which row s is the sum of the rows whose segment is
     * s, in their order, or 0 if there are none.
     *
     * @param segments i32 {@code [rows]}, each from 0 to {@code count - 1}
     */
    public Tensor segmentSum(Tensor segments, int count) {
        if (shape.rank() != 2) {
            throw new TensorException("segmentSum: " + shape + "; expected [rows, columns].");
        }
        requireShape("segmentSum (segments)", Shape.of(shape.dim(0)), segments);
        Shape sums = shape.with(0, count);
        return kernel(new IndexOp.ScatterAdd(shape.dim(0), count, shape.dim(1)), sums, DType.F32, this, segments);
    }

    /** Cross entropy of logits {@code [..., C]} and i32 targets {@code [...]}, an element each; 0 where the target is -1. */
    public Tensor crossEntropy(Tensor targets) {
        Shape expected = shape.without(shape.axis(-1), shape.rank());
        if (!targets.shape.equals(expected)) {
            throw new TensorException("crossEntropy: logits " + shape + " with targets " + targets.shape
                    + "; expected targets " + expected + ".");
        }
        return kernel(new CrossEntropyOp.CrossEntropy(rows(), columns()), expected, DType.F32, this, targets);
    }

    /** Joins tensors of one type along an axis, the other dimensions equal; truth values are cast before. */
    public static Tensor concat(int axis, List<Tensor> parts) {
        Tensor first = parts.getFirst();
        int resolved = first.shape.axis(axis);
        long total = 0;
        for (Tensor part : parts) {
            if (part.shape.rank() != first.shape.rank()
                    || !part.shape.with(resolved, 0).equals(first.shape.with(resolved, 0))) {
                throw new TensorException("concat along axis " + axis + ": "
                        + parts.stream().map(Tensor::shape).map(Shape::toString).collect(Collectors.joining(", "))
                        + "; expected equal other dimensions.");
            }
            total += part.shape.dim(resolved);
        }
        if (parts.size() == 1) {
            return first;
        }
        Shape joined = first.shape.with(resolved, Shape.dimension("concat", total));
        DType type = first.dtype == DType.BOOL || first.dtype.isQuantized() ? DType.F32 : first.dtype;
        List<Integer> inner = new ArrayList<>();
        for (Tensor part : parts) {
            inner.add(part.shape.size(resolved, part.shape.rank()));
        }
        KernelOp op = new Concat(type, first.shape.size(0, resolved), inner);
        return kernel(op, joined, type, parts.toArray(Tensor[]::new));
    }

    /**
     * A coarse kernel of one result as a node: the low-level door behind the named operations, for those that have no name here, and for
     * operations of one's own ({@link io.llm2clip.kernels.operations.CustomOp}).
     *
     * @param op the kernel
     * @param shape of as many elements as its result
     * @param dtype of its result
     * @param inputs operands in the kernel's order, of its types and sizes; views are copied where they are not dense
     */
    public static Tensor kernel(KernelOp op, Shape shape, DType dtype, Tensor... inputs) {
        OperandTypes.requireResults(op, 1);
        return node(op, List.of(shape), dtype, inputs);
    }

    private static Tensor node(KernelOp op, List<Shape> shapes, DType dtype, Tensor... inputs) {
        return new Tensor(new Operation.Kernel(op, shapes), List.of(inputs), shapes.getFirst(), dtype);
    }

    /**
     * A coarse kernel of one or several results as nodes.
     *
     * @param op the kernel
     * @param shapes one for each of {@link KernelOp#results()}, of as many elements
     * @param inputs operands in the kernel's order, of its types and sizes; views are copied where they are not dense
     * @return the results, in the kernel's order
     */
    public static List<Tensor> kernel(KernelOp op, List<Shape> shapes, Tensor... inputs) {
        OperandTypes.requireResults(op, shapes.size());
        Tensor node = node(op, shapes, op.results().getFirst().dtype(), inputs);
        return ((Operation.Kernel) node.operation).results(node);
    }

    /** Product of all dimensions but the last. */
    int rows() {
        return shape.size(0, shape.axis(-1));
    }

    /** The last dimension. */
    int columns() {
        return shape.dim(-1);
    }

    private static void requireHeads(String operation, int heads, int keyValueHeads) {
        if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads != 0) {
            throw new TensorException(operation + ": " + heads + " heads in " + keyValueHeads
                    + " groups; expected as many heads for each key/value head.");
        }
    }

    private static void requireEpsilon(String operation, float epsilon) {
        if (!(epsilon >= 0)) {
            throw new TensorException(operation + ": epsilon " + epsilon + "; expected 0 or more.");
        }
    }

    private static void requireShape(String operation, Shape expected, Tensor operand) {
        if (!operand.shape.equals(expected)) {
            throw new TensorException(operation + ": expected shape " + expected + ", found " + operand.shape + ".");
        }
    }

    /** Type and shape, and the first values of what has values; of what is computed, the operation. */
    @Override
    public String toString() {
        return TensorText.of(this);
    }
}
