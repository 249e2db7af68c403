package io.llm2clip.bench;

import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import jdk.incubator.vector.FloatVector;

/** What processors do at most: multiply-adds of numbers that are in registers. */
public final class MultiplyAdds {
    private static volatile float sink;

    private MultiplyAdds() {}

    /** Best rate of independent multiply-adds on all threads, in GFLOP/s. */
    public static double peak(Workers workers) {
        int steps = 100_000;
        double best = 0;
        for (int round = 0; round < 60; round++) {
            long start = System.nanoTime();
            workers.parallel(4 * workers.threads(), (task, worker) -> sink = multiplyAdds(steps));
            double flops = 4.0 * workers.threads() * steps * 12 * 2 * VectorMath.SPECIES.length();
            best = Math.max(best, flops / (System.nanoTime() - start));
        }
        return best;
    }

    private static float multiplyAdds(int steps) {
        FloatVector f = FloatVector.broadcast(VectorMath.SPECIES, 0.999f);
        FloatVector a = f;
        FloatVector b = f.mul(2);
        FloatVector c = f.mul(3);
        FloatVector d = f.mul(4);
        FloatVector e = f.mul(5);
        FloatVector g = f.mul(6);
        FloatVector h = f.mul(7);
        FloatVector i = f.mul(8);
        FloatVector j = f.mul(9);
        FloatVector k = f.mul(10);
        FloatVector l = f.mul(11);
        FloatVector m = f.mul(12);
        for (int step = 0; step < steps; step++) {
            a = a.fma(f, f);
            b = b.fma(f, f);
            c = c.fma(f, f);
            d = d.fma(f, f);
            e = e.fma(f, f);
            g = g.fma(f, f);
            h = h.fma(f, f);
            i = i.fma(f, f);
            j = j.fma(f, f);
            k = k.fma(f, f);
            l = l.fma(f, f);
            m = m.fma(f, f);
        }
        FloatVector sum = a.add(b)
                .add(c)
                .add(d)
                .add(e)
                .add(g)
                .add(h)
                .add(i)
                .add(j)
                .add(k)
                .add(l)
                .add(m);
        return sum.lane(0);
    }
}
