package io.llm2clip.tensor.internal.autograd;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.List;

/** Gradient kernels written in primitives with rules of their own, for second-order gradients. */
final class Compositions {
    private Compositions() {}

    /** The kernel's results in its order, of whatever shapes have as many elements. */
    static List<Tensor> of(KernelOp op, List<Tensor> in) {
        return switch (op) {
            case SoftmaxOp.SoftmaxGradient s -> List.of(softmaxGradient(in.get(0), in.get(1)));
            case NormOp.LayerNormGradient n -> layerNormGradient(n, in);
            case NormOp.RmsNormGradient n -> rmsNormGradient(n, in);
            case CrossEntropyOp.CrossEntropyGradient c -> List.of(crossEntropyGradient(c, in));
            case AttentionOp.AttentionGradient a -> attentionGradient(a.shape(), in);
            default -> throw new IllegalStateException(op + " has a gradient rule of its own.");
        };
    }

    private static Tensor softmaxGradient(Tensor y, Tensor dy) {
        Shape keep = y.shape().with(-1, 1);
        return y.mul(dy.sub(y.mul(dy).sum(-1).reshape(keep)));
    }

    private static List<Tensor> layerNormGradient(NormOp.LayerNormGradient n, List<Tensor> in) {
        Tensor x = in.get(0).reshape(n.rows(), n.columns());
        Tensor dy = in.get(2).reshape(n.rows(), n.columns());
        Tensor centered = x.sub(rowMean(x));
        Tensor scale = rowMean(centered.square()).add(n.epsilon()).rsqrt();
        Tensor normalized = centered.mul(scale);
        Tensor g = dy.mul(in.get(1));
        Tensor dx = scale.mul(g.sub(rowMean(g)).sub(normalized.mul(rowMean(g.mul(normalized)))));
        return List.of(dx, dy.mul(normalized).sum(0), dy.sum(0));
    }

    private static List<Tensor> rmsNormGradient(NormOp.RmsNormGradient n, List<Tensor> in) {
        Tensor x = in.get(0).reshape(n.rows(), n.columns());
        Tensor dy = in.get(2).reshape(n.rows(), n.columns());
        Tensor scale = rowMean(x.square()).add(n.epsilon()).rsqrt();
        Tensor normalized = x.mul(scale);
        Tensor g = dy.mul(in.get(1));
        Tensor dx = scale.mul(g.sub(normalized.mul(rowMean(g.mul(normalized)))));
        return List.of(dx, dy.mul(normalized).sum(0));
    }

    private static Tensor crossEntropyGradient(CrossEntropyOp.CrossEntropyGradient c, List<Tensor> in) {
        Tensor logits = in.get(0).reshape(c.rows(), c.columns());
        Tensor target = in.get(1).reshape(c.rows(), 1).cast(DType.F32);
        Tensor classes = Tensor.range(c.columns()).reshape(1, c.columns());
        Tensor hit = target.equalTo(classes).cast(DType.F32);
        Tensor counted = target.greater(Tensor.scalar(-0.5f)).cast(DType.F32);
        return logits.softmax()
                .sub(hit)
                .mul(in.get(2).reshape(c.rows(), 1))
                .mul(counted)
                .reshape(in.get(0).shape());
    }

    private static List<Tensor> attentionGradient(AttentionShape a, List<Tensor> in) {
        int group = a.heads() / a.keyValueHeads();
        Tensor q = heads(a, in.get(0), a.queries(), a.heads());
        Tensor k = repeat(heads(a, in.get(1), a.keys(), a.keyValueHeads()), group);
        Tensor v = repeat(heads(a, in.get(2), a.keys(), a.keyValueHeads()), group);
        Tensor dout = heads(a, in.get(4), a.queries(), a.heads());
        Tensor mask = a.ragged() ? raggedMask(a, in.get(3)) : mask(a, in.get(3));
        Tensor scores = q.matmul(k, false, true).mul(a.scale()).add(mask.sub(1).mul(1e9f));
        Tensor p = scores.softmax().mul(mask);
        Tensor dv = p.matmul(dout, true, false);
        Tensor dp = dout.matmul(v, false, true);
        Tensor ds = softmaxGradient(p, dp).mul(a.scale());
        Tensor dq = ds.matmul(k);
        Tensor dk = ds.matmul(q, true, false);
        return List.of(merge(dq), merge(collapse(dk, group)), merge(collapse(dv, group)));
    }

    /** 1 where a query may see a key, {@code [B, 1, T, S]}. */
    private static Tensor mask(AttentionShape a, Tensor lengths) {
        Tensor key = Tensor.range(a.keys()).reshape(1, 1, 1, a.keys());
        Tensor mask =
                lengths.cast(DType.F32).reshape(a.batch(), 1, 1, 1).greater(key).cast(DType.F32);
        return causal(a, mask).expand(Shape.of(a.batch(), 1, a.queries(), a.keys()));
    }

    /** 1 where a query may see a key, {@code [1, 1, N, N]}: where both are behind the same number of offsets, but not 0 or all. */
    private static Tensor raggedMask(AttentionShape a, Tensor offsets) {
        int rows = a.queries();
        Tensor row = Tensor.range(rows).reshape(rows, 1).add(0.5f);
        Tensor passed = row.greater(offsets.cast(DType.F32).reshape(1, a.batch() + 1))
                .cast(DType.F32)
                .sum(1);
        Tensor inside = passed.greater(Tensor.scalar(0.5f))
                .cast(DType.F32)
                .mul(Tensor.scalar(a.batch() + 0.5f).greater(passed).cast(DType.F32));
        Tensor same = passed.reshape(rows, 1).equalTo(passed.reshape(1, rows)).cast(DType.F32);
        return causal(a, same.mul(inside.reshape(rows, 1)).reshape(1, 1, rows, rows));
    }

    /** Without the keys behind a query. Within a sequence, ragged rows are in the order of positions. */
    private static Tensor causal(AttentionShape a, Tensor mask) {
        if (!a.causal()) {
            return mask;
        }
        Tensor key = Tensor.range(a.keys()).reshape(1, 1, 1, a.keys());
        Tensor query = Tensor.range(a.queries()).reshape(1, 1, a.queries(), 1);
        return mask.mul(query.add(0.5f).greater(key).cast(DType.F32));
    }

    /** To {@code [B, H, T, D]}; B is 1 if ragged. */
    private static Tensor heads(AttentionShape a, Tensor x, int rows, int heads) {
        return x.reshape(a.ragged() ? 1 : a.batch(), rows, heads, a.headSize()).permute(0, 2, 1, 3);
    }

    private static Tensor merge(Tensor x) {
        return x.permute(0, 2, 1, 3);
    }

    private static Tensor repeat(Tensor x, int group) {
        Shape s = x.shape();
        return x.reshape(s.dim(0), s.dim(1), 1, s.dim(2), s.dim(3))
                .expand(Shape.of(s.dim(0), s.dim(1), group, s.dim(2), s.dim(3)))
                .reshape(s.dim(0), s.dim(1) * group, s.dim(2), s.dim(3));
    }

    private static Tensor collapse(Tensor x, int group) {
        Shape s = x.shape();
        return x.reshape(s.dim(0), s.dim(1) / group, group, s.dim(2), s.dim(3)).sum(2);
    }

    private static Tensor rowMean(Tensor x) {
        return x.mean(-1).reshape(x.shape().with(-1, 1));
    }
}
