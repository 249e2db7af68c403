package io.llm2clip.tensor.internal.autograd;

import static io.llm2clip.tensor.Tensor.kernel;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.RandomUniform;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Derivatives of the coarse kernels, one row per kernel. */
final class KernelGradients {
    private KernelGradients() {}

    static List<@Nullable Tensor> rule(KernelOp op, Tensor out, Tensor g) {
        List<Tensor> in = out.inputs();
        Tensor x = in.getFirst();
        return switch (op) {
            case Elementwise _, AdamWUpdate _, PackedRows _ ->
                throw new IllegalStateException(op + " is not made by a graph.");
            case CustomOp _ -> throw new IllegalStateException(op + " has a gradient of its own.");
            case SquareSums _ -> squareSums(in, g);
            case Reduce reduce -> List.of(reduce(reduce, x, out, g));
            case Matmul matmul -> matmul(matmul, in.get(0), in.get(1), g);
            case SoftmaxOp.Softmax softmax ->
                List.of(kernel(
                        new SoftmaxOp.SoftmaxGradient(softmax.rows(), softmax.columns()),
                        x.shape(),
                        DType.F32,
                        out,
                        g));
            case NormOp.LayerNorm norm ->
                gradients(
                        new NormOp.LayerNormGradient(norm.rows(), norm.columns(), norm.epsilon()),
                        List.of(x.shape(), in.get(1).shape(), in.get(2).shape()),
                        x,
                        in.get(1),
                        g);
            case NormOp.RmsNorm norm ->
                gradients(
                        new NormOp.RmsNormGradient(norm.rows(), norm.columns(), norm.epsilon()),
                        List.of(x.shape(), in.get(1).shape()),
                        x,
                        in.get(1),
                        g);
            case AttentionOp.Attention attention -> attention(attention.shape(), in, g);
            case Rotary r -> {
                KernelOp back =
                        new Rotary(r.batch(), r.positions(), r.heads(), r.headSize(), r.interleaved(), !r.inverse());
                // The angles are tables, never trained.
                yield Arrays.asList(kernel(back, x.shape(), DType.F32, g, in.get(1), in.get(2)), null, null);
            }
            case IndexOp.Gather gather ->
                Arrays.asList(
                        kernel(
                                new IndexOp.ScatterAdd(gather.count(), gather.rows(), gather.columns()),
                                x.shape(),
                                DType.F32,
                                g,
                                in.get(1)),
                        null);
            case IndexOp.ScatterAdd scatter ->
                Arrays.asList(
                        kernel(
                                new IndexOp.Gather(scatter.count(), scatter.rows(), scatter.columns()),
                                x.shape(),
                                DType.F32,
                                g,
                                in.get(1)),
                        null);
            case CrossEntropyOp.CrossEntropy loss ->
                Arrays.asList(
                        kernel(
                                new CrossEntropyOp.CrossEntropyGradient(loss.rows(), loss.columns()),
                                x.shape(),
                                DType.F32,
                                x,
                                in.get(1),
                                g),
                        null);
            case Concat concat -> concat(concat, in, g);
            case RandomUniform _ -> ReverseMode.none(1);
            case SoftmaxOp.SoftmaxGradient _,
                    NormOp.LayerNormGradient _,
                    NormOp.RmsNormGradient _,
                    CrossEntropyOp.CrossEntropyGradient _,
                    AttentionOp.AttentionGradient _ -> composed(0, out, g);
        };
    }

    /** Second order: differentiates one of a kernel's results, written in primitives. */
    static List<@Nullable Tensor> composed(int result, Tensor kernel, Tensor g) {
        List<Tensor> in = kernel.inputs();
        KernelOp op = ((Operation.Kernel) kernel.operation()).op();
        Tensor composition = Compositions.of(op, in).get(result).reshape(g.shape());
        List<Tensor> gradients = ReverseMode.partials(composition, g, in);
        List<@Nullable Tensor> differentiable = new ArrayList<>();
        for (int i = 0; i < in.size(); i++) {
            differentiable.add(in.get(i).dtype() == DType.F32 ? gradients.get(i) : null);
        }
        return differentiable;
    }

    private static List<@Nullable Tensor> squareSums(List<Tensor> in, Tensor g) {
        List<@Nullable Tensor> gradients = new ArrayList<>();
        int start = 0;
        for (Tensor x : in) {
            int size = x.shape().size();
            int blocks = SquareSums.blocks(size);
            Tensor spread = g.slice(0, start, start + blocks)
                    .reshape(blocks, 1)
                    .expand(Shape.of(blocks, SquareSums.BLOCK))
                    .reshape(Shape.of(blocks * SquareSums.BLOCK))
                    .slice(0, 0, size);
            gradients.add(spread.reshape(x.shape()).mul(x).mul(2));
            start += blocks;
        }
        return gradients;
    }

    private static Tensor reduce(Reduce op, Tensor x, Tensor out, Tensor g) {
        Shape kept = Shape.of(op.outer(), 1, op.inner());
        Shape full = Shape.of(op.outer(), op.extent(), op.inner());
        Tensor spread = g.reshape(kept).expand(full);
        return switch (op.reduction()) {
            case SUM -> spread.reshape(x.shape());
            case MAX -> {
                // Equal maxima share the gradient evenly.
                Tensor winners = x.reshape(full).equalTo(out.reshape(kept)).cast(DType.F32);
                yield spread.mul(winners).div(winners.sum(1).reshape(kept)).reshape(x.shape());
            }
        };
    }

    private static List<@Nullable Tensor> matmul(Matmul op, Tensor a, Tensor b, Tensor g) {
        int batch = op.batch();
        int m = op.m();
        int n = op.n();
        int k = op.k();
        boolean transposeA = op.a().transposed();
        boolean transposeB = op.b().transposed();
        // dA = dC B^T and dB = A^T dC, or their transposes where the operand is stored transposed.
        if (b.dtype() != DType.F32) {
            // Only the second operand may be of another format than f32, and such weights are not trained.
            int rank = a.shape().rank();
            Shape plain = a.shape().with(rank - 2, m).with(rank - 1, k);
            Shape shape = transposeA ? plain : a.shape();
            Tensor da = kernel(Matmul.dense(batch, m, k, n, false, !transposeB, b.dtype()), shape, DType.F32, g, b);
            return Arrays.asList(transposeA ? da.transpose(rank - 2, rank - 1) : da, null);
        }
        Tensor da = transposeA
                ? kernel(Matmul.dense(batch, k, m, n, transposeB, true), a.shape(), DType.F32, b, g)
                : kernel(Matmul.dense(batch, m, k, n, false, !transposeB), a.shape(), DType.F32, g, b);
        Tensor db = transposeB
                ? kernel(Matmul.dense(batch, n, k, m, true, transposeA), b.shape(), DType.F32, g, a)
                : kernel(Matmul.dense(batch, k, n, m, !transposeA, false), b.shape(), DType.F32, a, g);
        return List.of(da, db);
    }

    private static List<@Nullable Tensor> attention(AttentionShape shape, List<Tensor> in, Tensor g) {
        Tensor[] operands = {in.get(0), in.get(1), in.get(2), in.get(3), g};
        List<@Nullable Tensor> gradients = gradients(
                new AttentionOp.AttentionGradient(shape),
                List.of(in.get(0).shape(), in.get(1).shape(), in.get(2).shape()),
                operands);
        gradients.add(null);
        return gradients;
    }

    private static List<@Nullable Tensor> concat(Concat op, List<Tensor> in, Tensor g) {
        int total = op.inner().stream().mapToInt(Integer::intValue).sum();
        Tensor flat = g.reshape(op.outer(), total);
        List<@Nullable Tensor> gradients = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < in.size(); i++) {
            int width = op.inner().get(i);
            gradients.add(flat.slice(1, start, start + width).reshape(in.get(i).shape()));
            start += width;
        }
        return gradients;
    }

    /** The results of a kernel that computes a gradient for each of an operation's first inputs. */
    private static List<@Nullable Tensor> gradients(KernelOp op, List<Shape> shapes, Tensor... operands) {
        return new ArrayList<>(kernel(op, shapes, operands));
    }
}
