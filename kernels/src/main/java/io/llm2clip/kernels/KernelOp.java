package io.llm2clip.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * An operation on flat, row-major buffers: the closed set of everything a kernel set must implement.
 *
 * <p>Dimensions are plain numbers, so a kernel needs compiling once, not once a shape. Operands are passed in the order of
 * {@link #operands()}: inputs first, the output (or the updated state) last. Outputs never overlap inputs, except for the
 * {@code UPDATE} operands of {@link AdamW}. Any dimension may be zero: then nothing is read, and outputs that still have
 * elements are the operation's neutral value (0 for sums and products).
 */
public sealed interface KernelOp {

    /** The buffers in calling order. */
    List<Operand> operands();

    /** Floating-point operations of one run, counting a fused multiply-add as two; 0 for data movement. */
    default long flops() {
        return 0;
    }

    /**
     * {@code out[i] = expression(inputs at i)} for every index of {@code shape}; the output is contiguous.
     *
     * <p>With {@link Expression#IDENTITY} this is the strided copy that materialises a transposed, expanded or sliced view.
     *
     * @param dtype of inputs and output; f32, or i32 for copies
     * @param expression what to compute for each element
     * @param shape output dimensions
     * @param strides per input, per dimension, in elements; 0 broadcasts
     */
    record Elementwise(DType dtype, Expression expression, List<Integer> shape, List<List<Integer>> strides)
            implements KernelOp {
        public Elementwise {
            requireWord("Elementwise", dtype);
            require(
                    dtype == DType.F32 || expression.equals(Expression.IDENTITY),
                    "Elementwise: f32, or the identity of i32",
                    expression);
            shape = List.copyOf(shape);
            strides = strides.stream().map(List::copyOf).toList();
            require(strides.size() == expression.inputs(), "Elementwise: one list of strides an input", strides);
            for (List<Integer> s : strides) {
                require(s.size() == shape.size(), "Elementwise: one stride a dimension of " + shape, s);
            }
        }

        /** Of f32 elements. */
        public Elementwise(Expression expression, List<Integer> shape, List<List<Integer>> strides) {
            this(DType.F32, expression, shape, strides);
        }

        @Override
        public List<Operand> operands() {
            List<Operand> operands = new ArrayList<>();
            for (int i = 0; i < strides.size(); i++) {
                operands.add(new Operand("in" + i, dtype, extent(shape, strides.get(i)), Operand.Access.READ));
            }
            operands.add(new Operand("out", dtype, product(shape), Operand.Access.WRITE));
            return operands;
        }

        @Override
        public long flops() {
            return product(shape)
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

    /** How a {@link Reduce} combines elements. */
    enum Reduction {
        /** Sum; 0 for no elements. */
        SUM,
        /** Maximum; negative infinity for no elements. */
        MAX
    }

    /** {@code [outer, extent, inner] -> [outer, inner]}. */
    record Reduce(Reduction reduction, int outer, int extent, int inner) implements KernelOp {
        @Override
        public List<Operand> operands() {
            return List.of(Operand.in("in", (long) outer * extent * inner), Operand.out((long) outer * inner));
        }

        @Override
        public long flops() {
            return (long) outer * extent * inner;
        }
    }

    /** How an epilogue operand of a {@link Gemm} is laid out over the product's rows and columns. */
    enum Broadcast {
        /** {@code [batch, m, n]}, an element each. */
        FULL,
        /** {@code [n]}, shared by all rows and batches (a bias). */
        ROW,
        /** One element. */
        SCALAR
    }

    /**
     * {@code out[b] = epilogue(op(A[b]) op(B[b]), extra...)}, batches of {@code [m, k] x [k, n] -> [m, n]}.
     *
     * @param batch number of products
     * @param m rows of the product
     * @param n columns of the product
     * @param k length of the sums
     * @param transposeA whether A is stored as {@code [k, m]}
     * @param transposeB whether B is stored as {@code [n, k]} (a weight of a linear layer)
     * @param lda elements from one stored row of A to the next
     * @param ldb elements from one stored row of B to the next
     * @param batchStrideA elements from one A to the next; 0 shares one A
     * @param batchStrideB elements from one B to the next; 0 shares one B
     * @param epilogue applied to each element: value 0 is the sum, values 1.. the extra operands
     * @param extras layouts of the extra operands
     */
    record Gemm(
            int batch,
            int m,
            int n,
            int k,
            boolean transposeA,
            boolean transposeB,
            int lda,
            int ldb,
            long batchStrideA,
            long batchStrideB,
            Expression epilogue,
            List<Broadcast> extras)
            implements KernelOp {
        public Gemm {
            extras = List.copyOf(extras);
            require(
                    epilogue.inputs() == 1 + extras.size(),
                    "Gemm: epilogue with 1 + " + extras.size() + " inputs",
                    epilogue);
            require(lda >= (transposeA ? m : k), "Gemm: lda of at least a stored row", lda);
            require(ldb >= (transposeB ? k : n), "Gemm: ldb of at least a stored row", ldb);
        }

        /** A dense product without epilogue. */
        public static Gemm dense(int batch, int m, int n, int k, boolean transposeA, boolean transposeB) {
            return new Gemm(
                    batch,
                    m,
                    n,
                    k,
                    transposeA,
                    transposeB,
                    transposeA ? m : k,
                    transposeB ? k : n,
                    (long) m * k,
                    (long) k * n,
                    Expression.IDENTITY,
                    List.of());
        }

        @Override
        public List<Operand> operands() {
            List<Operand> operands = new ArrayList<>();
            operands.add(Operand.in("a", matrices(transposeA ? k : m, transposeA ? m : k, lda, batchStrideA)));
            operands.add(Operand.in("b", matrices(transposeB ? n : k, transposeB ? k : n, ldb, batchStrideB)));
            for (int i = 0; i < extras.size(); i++) {
                operands.add(Operand.in(
                        "extra" + i,
                        switch (extras.get(i)) {
                            case FULL -> (long) batch * m * n;
                            case ROW -> n;
                            case SCALAR -> 1;
                        }));
            }
            operands.add(Operand.out((long) batch * m * n));
            return operands;
        }

        /** Whether the epilogue only adds the one extra operand, which is a bias or has the product's shape. */
        public boolean addsExtra() {
            List<Expression.Instruction> instructions = epilogue.instructions();
            return instructions.size() == 1
                    && instructions.getFirst().opcode() == Opcode.ADD
                    && instructions.getFirst().a() != instructions.getFirst().b()
                    && extras.size() == 1
                    && extras.getFirst() != Broadcast.SCALAR;
        }

        /** The product alone; what is left to do is {@link #finish}. */
        public Gemm plain() {
            return new Gemm(
                    batch,
                    m,
                    n,
                    k,
                    transposeA,
                    transposeB,
                    lda,
                    ldb,
                    batchStrideA,
                    batchStrideB,
                    Expression.IDENTITY,
                    List.of());
        }

        /** The epilogue alone: its inputs are the product, which the output may overwrite, and the extra operands. */
        public Elementwise finish() {
            List<List<Integer>> strides = new ArrayList<>();
            strides.add(List.of(Math.multiplyExact(m, n), n, 1));
            for (Broadcast extra : extras) {
                strides.add(
                        switch (extra) {
                            case FULL -> strides.getFirst();
                            case ROW -> List.of(0, 0, 1);
                            case SCALAR -> List.of(0, 0, 0);
                        });
            }
            return new Elementwise(epilogue, List.of(batch, m, n), strides);
        }

        private long matrices(int rows, int columns, int leading, long batchStride) {
            return batch == 0 || rows == 0 || columns == 0
                    ? 0
                    : (batch - 1L) * batchStride + (rows - 1L) * leading + columns;
        }

        @Override
        public long flops() {
            return 2L * batch * m * n * k;
        }
    }

    /** Row-wise softmax, {@code [rows, columns]}. */
    record Softmax(int rows, int columns) implements KernelOp {
        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(Operand.in("x", size), Operand.out(size));
        }

        @Override
        public long flops() {
            return 4L * rows * columns;
        }
    }

    /** {@code dx = y * (dy - sum(y * dy))} by rows, with {@code y} the softmax's output. */
    record SoftmaxGradient(int rows, int columns) implements KernelOp {
        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(Operand.in("y", size), Operand.in("dy", size), Operand.out(size));
        }

        @Override
        public long flops() {
            return 4L * rows * columns;
        }
    }

    /** {@code y = (x - mean) / sqrt(variance + epsilon) * weight + bias} by rows; variance without Bessel's correction. */
    record LayerNorm(int rows, int columns, float epsilon) implements KernelOp {
        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(
                    Operand.in("x", size),
                    Operand.in("weight", columns),
                    Operand.in("bias", columns),
                    Operand.out(size));
        }

        @Override
        public long flops() {
            return 8L * rows * columns;
        }
    }

    /** Gradients of {@link LayerNorm}; the output is {@code [dx | dweight | dbias]}, flat. */
    record LayerNormGradient(int rows, int columns, float epsilon) implements KernelOp {
        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(
                    Operand.in("x", size),
                    Operand.in("weight", columns),
                    Operand.in("dy", size),
                    Operand.out(size + 2L * columns));
        }

        @Override
        public long flops() {
            return 16L * rows * columns;
        }
    }

    /** {@code y = x / sqrt(mean(x^2) + epsilon) * weight} by rows. */
    record RmsNorm(int rows, int columns, float epsilon) implements KernelOp {
        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(Operand.in("x", size), Operand.in("weight", columns), Operand.out(size));
        }

        @Override
        public long flops() {
            return 4L * rows * columns;
        }
    }

    /** Gradients of {@link RmsNorm}; the output is {@code [dx | dweight]}, flat. */
    record RmsNormGradient(int rows, int columns, float epsilon) implements KernelOp {
        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(
                    Operand.in("x", size),
                    Operand.in("weight", columns),
                    Operand.in("dy", size),
                    Operand.out(size + columns));
        }

        @Override
        public long flops() {
            return 10L * rows * columns;
        }
    }

    /**
     * Shape of a scaled dot-product attention.
     *
     * @param batch number of sequences
     * @param queries rows of a query sequence
     * @param keys rows of a key/value sequence
     * @param heads query heads
     * @param keyValueHeads key/value heads; divides {@code heads}; head h reads key/value head h / (heads / keyValueHeads)
     * @param headSize channels of a head
     * @param scale factor of the scores
     * @param causal whether query i sees only keys up to i (then queries == keys)
     */
    record AttentionShape(
            int batch, int queries, int keys, int heads, int keyValueHeads, int headSize, float scale, boolean causal) {
        public AttentionShape {
            require(
                    keyValueHeads > 0 && heads % keyValueHeads == 0,
                    "Attention: heads in equal groups a key/value head",
                    keyValueHeads);
            require(
                    (long) batch * heads <= Integer.MAX_VALUE,
                    "Attention: at most " + Integer.MAX_VALUE + " heads of all sequences",
                    (long) batch * heads);
            require(
                    !causal || queries == keys,
                    "Attention: causal with as many queries as keys",
                    queries + " and " + keys);
        }

        long querySize() {
            return (long) batch * queries * heads * headSize;
        }

        long keySize() {
            return (long) batch * keys * keyValueHeads * headSize;
        }

        long product() {
            return 2L * batch * heads * queries * keys * headSize;
        }
    }

    /**
     * {@code softmax(scale * q k^T + mask) v}, fused. q is {@code [batch, queries, heads * headSize]}, k and v are
     * {@code [batch, keys, keyValueHeads * headSize]}, the output has q's layout; all contiguous. {@code lengths} ({@code [batch]})
     * says how many leading keys of a sequence exist; the others are masked. A query with no key yields 0.
     */
    record Attention(AttentionShape shape) implements KernelOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("q", shape.querySize()),
                    Operand.in("k", shape.keySize()),
                    Operand.in("v", shape.keySize()),
                    Operand.indices("lengths", shape.batch, 0, shape.keys),
                    Operand.out(shape.querySize()));
        }

        @Override
        public long flops() {
            return 2 * shape.product();
        }
    }

    /** Gradients of {@link Attention}, scores recomputed; the output is {@code [dq | dk | dv]}, flat. */
    record AttentionGradient(AttentionShape shape) implements KernelOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("q", shape.querySize()),
                    Operand.in("k", shape.keySize()),
                    Operand.in("v", shape.keySize()),
                    Operand.indices("lengths", shape.batch, 0, shape.keys),
                    Operand.in("dout", shape.querySize()),
                    Operand.out(shape.querySize() + 2 * shape.keySize()));
        }

        @Override
        public long flops() {
            return 5 * shape.product();
        }
    }

    /**
     * Rotary position embedding of {@code [batch, positions, heads, headSize]} by the angles whose cosines and sines are given
     * as {@code [positions, headSize / 2]}.
     *
     * @param interleaved pair i is (2i, 2i+1), as EVA02; otherwise (i, i + headSize/2), as Llama in the Hugging Face layout
     * @param inverse rotate backwards: the gradient of the forward rotation
     */
    record Rotary(int batch, int positions, int heads, int headSize, boolean interleaved, boolean inverse)
            implements KernelOp {
        public Rotary {
            require(headSize % 2 == 0, "Rotary: even head size", headSize);
        }

        @Override
        public List<Operand> operands() {
            long size = (long) batch * positions * heads * headSize;
            long angles = (long) positions * headSize / 2;
            return List.of(
                    Operand.in("x", size), Operand.in("cos", angles), Operand.in("sin", angles), Operand.out(size));
        }

        @Override
        public long flops() {
            return 3L * batch * positions * heads * headSize;
        }
    }

    /** {@code out[i] = table[index[i]]}; table is {@code [rows, columns]}, index {@code [count]}, each in {@code 0 .. rows-1}. */
    record Gather(int count, int rows, int columns) implements KernelOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("table", (long) rows * columns),
                    Operand.indices("index", count, 0, rows - 1),
                    Operand.out((long) count * columns));
        }
    }

    /** {@code out[index[i]] += in[i]}, from zero, in the order of i; {@code [count, columns] -> [rows, columns]}. */
    record ScatterAdd(int count, int rows, int columns) implements KernelOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("in", (long) count * columns),
                    Operand.indices("index", count, 0, rows - 1),
                    Operand.out((long) rows * columns));
        }
    }

    /** {@code loss[r] = logsumexp(logits[r]) - logits[r, target[r]]}; 0 where the target is -1. */
    record CrossEntropy(int rows, int columns) implements KernelOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("logits", (long) rows * columns),
                    Operand.indices("target", rows, -1, columns - 1),
                    Operand.out(rows));
        }

        @Override
        public long flops() {
            return 3L * rows * columns;
        }
    }

    /** {@code dlogits[r] = dloss[r] * (softmax(logits[r]) - onehot(target[r]))}; 0 where the target is -1. */
    record CrossEntropyGradient(int rows, int columns) implements KernelOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("logits", (long) rows * columns),
                    Operand.indices("target", rows, -1, columns - 1),
                    Operand.in("dloss", rows),
                    Operand.out((long) rows * columns));
        }

        @Override
        public long flops() {
            return 5L * rows * columns;
        }
    }

    /**
     * Sums of squares of each input's blocks of {@link #BLOCK} elements, the last of an input shorter; out holds those of the first
     * input, then those of the second, and so on. What is summed up further is few, so it can be done in double precision.
     *
     * @param elements of each input
     */
    record SquareSums(List<Integer> elements) implements KernelOp {
        /** Elements of a block. */
        public static final int BLOCK = 8192;

        public SquareSums {
            elements = List.copyOf(elements);
        }

        /** Number of blocks of an input of so many elements. */
        public static int blocks(int elements) {
            return Math.ceilDiv(elements, BLOCK);
        }

        @Override
        public List<Operand> operands() {
            List<Operand> operands = new ArrayList<>();
            for (int i = 0; i < elements.size(); i++) {
                operands.add(Operand.in("in" + i, elements.get(i)));
            }
            operands.add(
                    Operand.out(elements.stream().mapToLong(SquareSums::blocks).sum()));
            return operands;
        }

        @Override
        public long flops() {
            return 2 * elements.stream().mapToLong(Integer::longValue).sum();
        }
    }

    /** Joins {@code [outer, inner[i]]} blocks, of f32 or i32 elements, side by side into {@code [outer, sum(inner)]}. */
    record Concat(DType dtype, int outer, List<Integer> inner) implements KernelOp {
        public Concat {
            requireWord("Concat", dtype);
            inner = List.copyOf(inner);
        }

        @Override
        public List<Operand> operands() {
            List<Operand> operands = new ArrayList<>();
            for (int i = 0; i < inner.size(); i++) {
                operands.add(new Operand("in" + i, dtype, (long) outer * inner.get(i), Operand.Access.READ));
            }
            long size =
                    (long) outer * inner.stream().mapToLong(Integer::longValue).sum();
            operands.add(new Operand("out", dtype, size, Operand.Access.WRITE));
            return operands;
        }
    }

    /**
     * Converts element types: f32 to bf16 or f16 (round to nearest even, beyond the greatest to infinity, NaN stays NaN), bf16 or f16
     * to f32 (exact), i32 to f32 (nearest), f32 to i32 (towards zero, saturating, NaN to 0).
     */
    record Convert(long elements, DType from, DType to) implements KernelOp {
        private static final Set<DType> OTHERS = Set.of(DType.BF16, DType.F16, DType.I32);

        public Convert {
            boolean known = (from == DType.F32 && OTHERS.contains(to)) || (to == DType.F32 && OTHERS.contains(from));
            require(known, "Convert: between f32 and bf16, f16 or i32", from + " to " + to);
        }

        @Override
        public List<Operand> operands() {
            return List.of(
                    new Operand("in", from, elements, Operand.Access.READ),
                    new Operand("out", to, elements, Operand.Access.WRITE));
        }
    }

    /**
     * One AdamW step (Loshchilov and Hutter 2019, algorithm 2), in place.
     *
     * <p>{@code hyper} is {@code [learningRate, beta1, beta2, epsilon, weightDecay, 1 - beta1^t, 1 - beta2^t, gradientScale]}:
     * {@code g = gradientScale * grad; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
     * p = p (1 - learningRate * weightDecay) - learningRate * (m / hyper[5]) / (sqrt(v / hyper[6]) + epsilon)}.
     */
    record AdamW(long elements) implements KernelOp {
        /** Length of the {@code hyper} operand. */
        public static final int HYPER = 8;

        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("grad", elements),
                    Operand.in("hyper", HYPER),
                    Operand.update("parameter", elements),
                    Operand.update("mean", elements),
                    Operand.update("variance", elements));
        }

        @Override
        public long flops() {
            return 15 * elements;
        }
    }

    private static long product(List<Integer> shape) {
        long product = 1;
        for (int extent : shape) {
            product *= extent;
        }
        return product;
    }

    private static void requireWord(String operation, DType dtype) {
        require(dtype == DType.F32 || dtype == DType.I32, operation + ": elements of f32 or i32", dtype);
    }

    private static void require(boolean condition, String expected, Object found) {
        if (!condition) {
            throw new IllegalArgumentException(expected + " expected, found " + found + ".");
        }
    }
}
