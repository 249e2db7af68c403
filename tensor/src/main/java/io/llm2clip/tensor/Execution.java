package io.llm2clip.tensor;

import org.jspecify.annotations.Nullable;

/**
 * Where and how programs run.
 *
 * @param device where
 * @param options how they are compiled
 */
public record Execution(Device device, ProgramOptions options) {
    private static volatile @Nullable Execution standard;

    /** On the CPU, in f32. */
    public static Execution cpu() {
        return new Execution(Device.cpu(), ProgramOptions.DEFAULT);
    }

    /** That of programs that name none. */
    public static Execution standard() {
        Execution execution = standard;
        return execution == null ? cpu() : execution;
    }

    /** Makes this the {@link #standard} one of the process. */
    public void makeStandard() {
        standard = this;
    }
}
