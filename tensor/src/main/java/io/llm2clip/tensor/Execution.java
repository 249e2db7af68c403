package io.llm2clip.tensor;

/**
 * Where and how programs run.
 *
 * @param device where
 * @param options how they are compiled
 */
public record Execution(Device device, ProgramOptions options) {
    /** On the CPU, in f32. */
    public static Execution cpu() {
        return new Execution(Device.cpu(), ProgramOptions.DEFAULT);
    }
}
