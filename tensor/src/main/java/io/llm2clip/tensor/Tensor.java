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
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.SoftmaxOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A node of a lazy graph: an operation, its inputs, a shape and an element type. Nothing is computed until a {@link Program}
 * or the {@link Interpreter} is asked for it.
 *
 * <p>Binary operations broadcast by NumPy's rule. Element types are never promoted: operations take {@link DType#F32} elements, and
 * {@link DType#I32} ones as indices, targets and lengths; any other type is an error that says which {@link #cast} is missing, unless
 * an operation says that it takes it. Views and {@link #concat} take any. All errors are {@link TensorException}s thrown where the
 * graph is built.
 */
public final class Tensor {
    private static final AtomicLong NEXT_ID = new AtomicLong();

    private final long id = NEXT_ID.getAndIncrement();
    private final Operation operation;
    private final List<Tensor> inputs;
    private final Shape shape;
    private final DType dtype;
    private final boolean doubtful;

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

    // Elementwise, one operand.

    public Tensor negate() {
        return unary(Opcode.NEGATE);
    }

    public Tensor absolute() {
        return unary(Opcode.ABSOLUTE);
    }

    public Tensor exp() {
        return unary(Opcode.EXP);
    }

    /** Natural logarithm. */
    public Tensor log() {
        return unary(Opcode.LOG);
    }

    public Tensor sqrt() {
        return unary(Opcode.SQRT);
    }

    /** {@code 1 / sqrt(x)}. */
    public Tensor rsqrt() {
        return unary(Opcode.RSQRT);
    }

    public Tensor tanh() {
        return unary(Opcode.TANH);
    }

    /** Gauss error function. */
    public Tensor erf() {
        return unary(Opcode.ERF);
    }

    public Tensor sigmoid() {
        return unary(Opcode.SIGMOID);
    }

    public Tensor sin() {
        return unary(Opcode.SIN);
    }

    public Tensor cos() {
        return unary(Opcode.COS);
    }

    public Tensor square() {
        return mul(this);
    }

    /** Exact GELU, {@code x/2 (1 + erf(x / sqrt 2))}. */
    public Tensor gelu() {
        return mul(mul((float) Math.sqrt(0.5)).erf().mul(0.5f).add(0.5f));
    }

    /** GELU's tanh approximation, {@code x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))}. */
    public Tensor geluTanh() {
        Tensor inner = add(square().mul(this).mul(0.044715f)).mul((float) Math.sqrt(2 / Math.PI));
        return mul(inner.tanh().mul(0.5f).add(0.5f));
    }

    /** OpenAI CLIP's {@code x sigmoid(1.702 x)}. */
    public Tensor quickGelu() {
        return mul(mul(1.702f).sigmoid());
    }

    /** {@code x sigmoid(x)}. */
    public Tensor silu() {
        return mul(sigmoid());
    }

    private Tensor unary(Opcode opcode) {
        return new Tensor(new Operation.Pointwise(opcode), List.of(this), shape, DType.F32);
    }

    // Elementwise, two operands.

    public Tensor add(Tensor other) {
        return binary(Opcode.ADD, other, DType.F32);
    }

    public Tensor sub(Tensor other) {
        return binary(Opcode.SUBTRACT, other, DType.F32);
    }

    public Tensor mul(Tensor other) {
        return binary(Opcode.MULTIPLY, other, DType.F32);
    }

    public Tensor div(Tensor other) {
        return binary(Opcode.DIVIDE, other, DType.F32);
    }

    public Tensor maximum(Tensor other) {
        return binary(Opcode.MAXIMUM, other, DType.F32);
    }

    public Tensor minimum(Tensor other) {
        return binary(Opcode.MINIMUM, other, DType.F32);
    }

    /** Truth values of {@code this > other}. */
    public Tensor greater(Tensor other) {
        return binary(Opcode.GREATER, other, DType.BOOL);
    }

    /** Truth values of {@code this == other}. */
    public Tensor equalTo(Tensor other) {
        return binary(Opcode.EQUAL, other, DType.BOOL);
    }

    public Tensor add(float other) {
        return add(scalar(other));
    }

    public Tensor sub(float other) {
        return sub(scalar(other));
    }

    public Tensor mul(float other) {
        return mul(scalar(other));
    }

    public Tensor div(float other) {
        return div(scalar(other));
    }

    private Tensor binary(Opcode opcode, Tensor other, DType result) {
        Shape common = Shape.broadcast(opcode.name().toLowerCase(java.util.Locale.ROOT), shape, other.shape);
        return new Tensor(
                new Operation.Pointwise(opcode), List.of(expand(common), other.expand(common)), common, result);
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

    // Views.

    /** The same elements under another shape; one dimension may be -1, meaning the rest. */
    public Tensor reshape(int... dims) {
        int[] resolved = dims.clone();
        int unknown = -1;
        long known = 1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == -1 && unknown < 0) {
                unknown = i;
            } else {
                known *= dims[i];
            }
        }
        if (unknown >= 0 && known > 0) {
            resolved[unknown] = (int) (shape.size() / known);
        }
        return reshape(Shape.of(resolved));
    }

    /** The same elements under another shape of the same size. */
    public Tensor reshape(Shape target) {
        if (target.size() != shape.size()) {
            throw new TensorException("reshape: " + shape + " has " + shape.size() + " elements, " + target + " has "
                    + target.size() + "; expected as many.");
        }
        if (target.equals(shape)) {
            return this;
        }
        Tensor source = operation instanceof Operation.Reshape ? inputs.getFirst() : this;
        return source.shape.equals(target)
                ? source
                : new Tensor(new Operation.Reshape(), List.of(source), target, dtype);
    }

    /** Reorders axes: output axis i is input axis {@code axes[i]}. */
    public Tensor permute(int... axes) {
        int[] sorted = axes.clone();
        Arrays.sort(sorted);
        if (!Arrays.equals(sorted, IntStream.range(0, shape.rank()).toArray())) {
            throw new TensorException("permute: axes " + Arrays.toString(axes) + " of shape " + shape
                    + "; expected each of 0 to " + (shape.rank() - 1) + " once.");
        }
        if (Arrays.equals(axes, sorted)) {
            return this;
        }
        int[] dims = Arrays.stream(axes).map(shape::dim).toArray();
        return new Tensor(
                new Operation.Permute(Arrays.stream(axes).boxed().toList()), List.of(this), Shape.of(dims), dtype);
    }

    /** Exchanges two axes. */
    public Tensor transpose(int a, int b) {
        int[] axes = IntStream.range(0, shape.rank()).toArray();
        axes[shape.axis(a)] = shape.axis(b);
        axes[shape.axis(b)] = shape.axis(a);
        return permute(axes);
    }

    /** Stretches dimensions of 1, adding leading ones first; no memory is copied. */
    public Tensor expand(Shape target) {
        if (target.equals(shape)) {
            return this;
        }
        if (!Shape.broadcast("expand", shape, target).equals(target)) {
            throw new TensorException(
                    "expand: " + shape + " does not stretch to " + target + "; expected equal dimensions or 1.");
        }
        int[] aligned = new int[target.rank()];
        Arrays.fill(aligned, 1);
        System.arraycopy(shape.dims(), 0, aligned, target.rank() - shape.rank(), shape.rank());
        Tensor source = reshape(aligned);
        return source.shape.equals(target)
                ? source
                : new Tensor(new Operation.Expand(), List.of(source), target, dtype);
    }

    /** Elements {@code start .. end-1} of an axis. */
    public Tensor slice(int axis, int start, int end) {
        int resolved = shape.axis(axis);
        if (start < 0 || end < start || end > shape.dim(resolved)) {
            throw new TensorException("slice: " + start + " to " + end + " of axis " + axis + " of " + shape
                    + "; expected 0 <= start <= end <= " + shape.dim(resolved) + ".");
        }
        if (end - start == shape.dim(resolved)) {
            return this;
        }
        return new Tensor(
                new Operation.Slice(resolved, start), List.of(this), shape.with(resolved, end - start), dtype);
    }

    /** The same value, through which no gradient flows. */
    public Tensor stopGradient() {
        return new Tensor(new Operation.StopGradient(), List.of(this), shape, dtype);
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

    // Reductions.

    /** Sum over all elements, of shape {@code []}. */
    public Tensor sum() {
        return reshape(shape.size()).reduce(Reduction.SUM, 0, 1);
    }

    /** Sum over axes, which disappear. */
    public Tensor sum(int... axes) {
        return reduce(Reduction.SUM, axes);
    }

    /** Mean over all elements, of shape {@code []}. */
    public Tensor mean() {
        return sum().div(shape.size());
    }

    /** Mean over axes, which disappear. */
    public Tensor mean(int... axes) {
        int count = Arrays.stream(axes).map(shape::dim).reduce(1, (a, b) -> a * b);
        return sum(axes).div(count);
    }

    /** Maximum over axes, which disappear; negative infinity over nothing. */
    public Tensor max(int... axes) {
        return reduce(Reduction.MAX, axes);
    }

    private Tensor reduce(Reduction reduction, int... axes) {
        int[] sorted = Arrays.stream(axes).map(shape::axis).distinct().sorted().toArray();
        if (sorted.length != axes.length) {
            throw new TensorException(
                    "reduce: axes " + Arrays.toString(axes) + " of " + shape + " name one axis twice.");
        }
        Tensor result = this;
        // From the last group of neighboring axes to the first, so that the numbers of the others stay valid.
        for (int end = sorted.length; end > 0; ) {
            int start = end - 1;
            while (start > 0 && sorted[start - 1] == sorted[start] - 1) {
                start--;
            }
            result = result.reduce(reduction, sorted[start], sorted[end - 1] + 1);
            end = start;
        }
        return result;
    }

    private Tensor reduce(Reduction reduction, int from, int to) {
        KernelOp op = new Reduce(reduction, shape.size(0, from), shape.size(from, to), shape.size(to, shape.rank()));
        return kernel(op, shape.without(from, to), DType.F32, this);
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
     * Matmul over the last two axes, each operand stored transposed or not, in f32. The second operand may be of f32, bf16, f16, Q8
     * or Q4; quantized it is a transposed one, whose rows of k are whole blocks. Leading dimensions are batches and must be
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

    /** Softmax over the last axis. */
    public Tensor softmax() {
        return kernel(new SoftmaxOp.Softmax(rows(), columns()), shape, DType.F32, this);
    }

    /** {@code x - logsumexp(x)} over the last axis. */
    public Tensor logSoftmax() {
        Shape keep = shape.with(-1, 1);
        Tensor shifted = sub(max(-1).stopGradient().reshape(keep));
        return shifted.sub(shifted.exp().sum(-1).log().reshape(keep));
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
     * {@code x / max(||x||, 1e-12)} over the last axis. Rows shorter than that have no direction: no gradient flows to them, where that
     * of the quotient, 1e12 times what comes back, would outweigh all other rows.
     */
    public Tensor l2Normalize() {
        Tensor least = scalar(1e-12f);
        Tensor norm = square().sum(-1).sqrt().reshape(shape.with(-1, 1));
        Tensor rows = where(least.greater(norm), stopGradient(), this);
        return rows.div(norm.maximum(least));
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
     * Rows of this {@code [rows, columns]} table of f32, bf16, f16, Q8 or Q4, as f32, by an i32 index of any shape: {@code
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
     * A coarse kernel of one result as a node: the low-level door behind the named operations, for those that have no name here.
     *
     * @param op the kernel
     * @param shape of as many elements as its result
     * @param inputs dense operands in the kernel's order, of its types and sizes
     */
    public static Tensor kernel(KernelOp op, Shape shape, DType dtype, Tensor... inputs) {
        return new Tensor(new Operation.Kernel(op), List.of(inputs), shape, dtype);
    }

    /**
     * A coarse kernel of one or several results as nodes.
     *
     * @param op the kernel
     * @param shapes one for each of {@link KernelOp#results()}, of as many elements
     * @param inputs dense operands in the kernel's order, of its types and sizes
     * @return the results, in the kernel's order
     */
    public static List<Tensor> kernel(KernelOp op, List<Shape> shapes, Tensor... inputs) {
        List<Operand> results = op.results();
        if (shapes.size() != results.size()) {
            throw new IllegalStateException(op + " has " + results.size() + " results, found shapes " + shapes + ".");
        }
        Tensor node = kernel(op, shapes.getFirst(), results.getFirst().dtype(), inputs);
        if (shapes.size() == 1) {
            return List.of(node);
        }
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < shapes.size(); i++) {
            outputs.add(new Tensor(
                    new Operation.Output(i),
                    List.of(node),
                    shapes.get(i),
                    results.get(i).dtype()));
        }
        return outputs;
    }

    private int rows() {
        return shape.size(0, shape.axis(-1));
    }

    private int columns() {
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

    @Override
    public String toString() {
        return dtype + " " + shape;
    }
}
