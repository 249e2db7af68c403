package io.llm2clip.training;

import com.sun.management.OperatingSystemMXBean;
import io.llm2clip.data.InputException;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;

/**
 * Foretells what memory the steps of a phase take, once their programs are compiled and before they touch it: says so at first and
 * whenever it has become twice as much, and refuses what the machine does not have, with what would help.
 */
final class StepMemory {
    private static final double GIGA = 1e9;
    /** Steps that take less than this are not worth a sentence. */
    private static final long TOLD_BYTES = 100_000_000;

    private final TrainingPhase phase;
    private final long models;
    private final long data;
    private final long machine;
    private final Progress progress;
    private long told;

    /** A step as it is planned, and what would take less memory. */
    interface Step {
        /**
         * Compiles what the step needs.
         *
         * @return bytes that programs take
         */
        long prepare(StepPrograms programs);

        /** Whether gradients of several programs are summed, by steps that are made so. */
        boolean summed(StepOptions options);

        /** Says what would fit, with numbers, or what else can be done; it follows a semicolon. */
        String remedies(StepMemory memory, long programs);
    }

    /**
     * Of a phase that has made no step.
     *
     * @param models bytes of weights and whatever else is held besides the phase's optimizer
     * @param data bytes of batches
     * @param machine bytes that there are
     */
    StepMemory(TrainingPhase phase, long models, long data, long machine, Progress progress) {
        this.phase = phase;
        this.models = models;
        this.data = data;
        this.machine = machine;
        this.progress = progress;
    }

    /** Of a phase that is about to begin. */
    static StepMemory of(TrainingPhase phase, StepMaker steps, Progress progress) {
        AdamW optimizer = phase.optimizer();
        // Those from scratch have memory once they are drawn.
        optimizer.parameters().forEach(Parameter::data);
        return new StepMemory(
                phase,
                EngineMemory.liveBytes() - optimizer.stateBytes() + steps.mappedBytes(),
                steps.dataBytes(),
                // Other devices refuse what they do not have.
                optimizer.device() == Device.cpu() ? ofMachine() : Long.MAX_VALUE,
                progress);
    }

    /** That of a container, in one. */
    private static long ofMachine() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Long.MAX_VALUE;
    }

    /** Of the phase. */
    StepOptions options() {
        return phase.stepOptions();
    }

    /**
     * Programs are compiled and about to run.
     *
     * @param bytes that they take
     * @param growth how many times as much the programs of a later batch may take, 1 if all are alike
     * @throws InputException if there is not as much
     */
    void check(long bytes, double growth, Step step) {
        boolean summed = step.summed(options());
        if (total(bytes, summed) > machine) {
            throw new InputException("%s: %s, the machine has %s; %s."
                    .formatted(phase.name(), parts(bytes, summed), text(machine), step.remedies(this, bytes)));
        }
        boolean much = total(bytes, summed) >= TOLD_BYTES;
        if (much && (told == 0 || bytes >= 2 * told)) {
            told = bytes;
            progress.announce("%s: %s%s.".formatted(phase.name(), parts(bytes, summed), later(bytes, growth)));
        }
    }

    /**
     * Programs were not compiled, because the system refused them memory.
     *
     * @throws InputException saying how much it would have been, if that is more than there is
     */
    void refused(Step step) {
        check(planned(step, options()), 1, step);
    }

    private String parts(long programs, boolean summed) {
        return "steps take about %s of memory: models %s, optimizer %s, activations %s, data %s"
                .formatted(
                        text(total(programs, summed)),
                        text(models),
                        text(optimizer(summed)),
                        text(programs),
                        text(data));
    }

    private static String later(long programs, double growth) {
        return growth > 1.1
                ? "; activations of the longest captions about %s".formatted(text((long) (growth * programs)))
                : "";
    }

    /** What a step takes that is made otherwise, in words, if that fits. */
    Optional<String> fitting(Step step, StepOptions options) {
        long bytes = total(planned(step, options), step.summed(options));
        return bytes <= machine ? Optional.of("takes " + text(bytes)) : Optional.empty();
    }

    /** Bytes that programs may take of steps whose gradients are summed. */
    double room() {
        return machine - total(0, true);
    }

    private long planned(Step step, StepOptions options) {
        try (StepPrograms plans = new StepPrograms(phase.planned(options), () -> {})) {
            return step.prepare(plans);
        }
    }

    private long total(long programs, boolean summed) {
        return models + optimizer(summed) + programs + data;
    }

    private long optimizer(boolean summed) {
        return phase.optimizer().memoryBytes()
                + (summed ? ParameterFiles.bytes(phase.optimizer().parameters()) : 0);
    }

    private static String text(long bytes) {
        return String.format(Locale.ROOT, "%.1f GB", bytes / GIGA);
    }
}
