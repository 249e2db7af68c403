package io.llm2clip.training;

import io.llm2clip.training.run.PhaseState;
import java.util.ArrayList;
import java.util.List;

/** What a training run leaves for reports: the loss of every step that was made and the operations it took. */
public final class LossCurve {
    private final List<Float> losses = new ArrayList<>();
    private int skipped;
    private long flops;
    private long broken;
    private List<String> reasons = List.of();

    LossCurve() {}

    /** Of a phase that goes on. */
    static LossCurve of(PhaseState state) {
        LossCurve curve = new LossCurve();
        curve.losses.addAll(state.losses());
        curve.skipped = state.skipped();
        curve.flops = state.flops();
        return curve;
    }

    /** What {@link #of} goes on from. */
    PhaseState state(int steps, int skippedInARow, String data) {
        return new PhaseState(steps, losses, skipped, skippedInARow, flops, data);
    }

    void add(float loss) {
        losses.add(loss);
    }

    void skip() {
        skipped++;
    }

    void countFlops(long more) {
        flops += more;
    }

    /** The loss of every step that was made, in order; all are finite. */
    public List<Float> losses() {
        return List.copyOf(losses);
    }

    /** Steps that were not made because loss or gradients were not finite. */
    public int skipped() {
        return skipped;
    }

    /** Says what could not be learned from. */
    void leaveOut(long count, List<String> why) {
        broken = count;
        reasons = List.copyOf(why);
    }

    /** Examples that could not be used. */
    public long broken() {
        return broken;
    }

    /** Why, a sentence for each of the first. */
    public List<String> reasons() {
        return reasons;
    }

    /** Mean loss of the first tenth of the steps. */
    public double first() {
        return mean(losses.subList(0, tenth()));
    }

    /** Mean loss of the last tenth of the steps. */
    public double last() {
        return mean(losses.subList(losses.size() - tenth(), losses.size()));
    }

    private int tenth() {
        return Math.min(losses.size(), Math.max(1, losses.size() / 10));
    }

    private static double mean(List<Float> values) {
        return values.stream().mapToDouble(Float::doubleValue).average().orElse(Double.NaN);
    }

    /** Floating-point operations, counted from the kernels' dimensions, so equal on every machine. */
    public long flops() {
        return flops;
    }
}
