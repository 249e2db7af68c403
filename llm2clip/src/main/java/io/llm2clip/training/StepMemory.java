package io.llm2clip.training;

import com.sun.management.OperatingSystemMXBean;
import io.llm2clip.data.InputException;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
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

    /**
     * Programs are compiled and about to run.
     *
     * @param bytes that they take
     * @param growth how many times as much the programs of a later batch may take, 1 if all are alike
     * @throws InputException if there is not as much
     */
    void check(long bytes, EmbeddingLoss loss, EmbeddingBatch batch, double growth) {
        if (total(bytes, phase.stepOptions()) > machine) {
            throw new InputException("%s: %s, the machine has %s; %s."
                    .formatted(phase.name(), parts(bytes), text(machine), remedies(loss, batch, bytes)));
        }
        boolean much = total(bytes, phase.stepOptions()) >= TOLD_BYTES;
        if (much && (told == 0 || bytes >= 2 * told)) {
            told = bytes;
            progress.announce("%s: %s%s.".formatted(phase.name(), parts(bytes), later(bytes, growth)));
        }
    }

    /**
     * Programs were not compiled, because the system refused them memory.
     *
     * @throws InputException saying how much it would have been, if that is more than there is
     */
    void refused(EmbeddingLoss loss, EmbeddingBatch batch) {
        check(planned(loss, batch, phase.stepOptions()), loss, batch, 1);
    }

    private String parts(long programs) {
        return "steps take about %s of memory: models %s, optimizer %s, activations %s, data %s"
                .formatted(
                        text(total(programs, phase.stepOptions())),
                        text(models),
                        text(optimizer(phase.stepOptions())),
                        text(programs),
                        text(data));
    }

    private static String later(long programs, double growth) {
        return growth > 1.1
                ? "; activations of the longest captions about %s".formatted(text((long) (growth * programs)))
                : "";
    }

    /** What would fit, with numbers: one option, or if that is not enough both. */
    private String remedies(EmbeddingLoss loss, EmbeddingBatch batch, long programs) {
        StepOptions now = phase.stepOptions();
        List<String> found = new ArrayList<>();
        if (!now.recompute()) {
            long bytes = total(planned(loss, batch, now.withRecompute()), now);
            if (bytes <= machine) {
                found.add("--recompute takes %s".formatted(text(bytes)));
            }
        }
        chunk(loss, batch, programs, now, "--chunk").ifPresent(found::add);
        if (found.isEmpty() && !now.recompute()) {
            chunk(loss, batch, programs, now.withRecompute(), "--recompute --chunk")
                    .ifPresent(found::add);
        }
        return found.isEmpty()
                ? "lower --batch or take a smaller model"
                : String.join(", ", found) + ", or lower --batch";
    }

    /** The largest chunk that is tried and fits. */
    private Optional<String> chunk(
            EmbeddingLoss loss, EmbeddingBatch batch, long programs, StepOptions options, String option) {
        Integer chunk = phase.stepOptions().chunk();
        int most = chunk == null || chunk >= batch.size() ? batch.size() : chunk;
        if (most == 1) {
            return Optional.empty();
        }
        // Programs take about as much for each example, so not all powers of two need to be tried.
        double room = machine - (total(programs, options.withChunk(1)) - programs);
        for (int tried = Integer.highestOneBit((int) Math.clamp(most * room / programs, 1, most - 1.0));
                tried > 0 && room > 0;
                tried /= 2) {
            StepOptions other = options.withChunk(tried);
            long bytes = total(planned(loss, batch, other), other);
            if (bytes <= machine) {
                return Optional.of("%s %d takes %s".formatted(option, tried, text(bytes)));
            }
        }
        return Optional.empty();
    }

    private long planned(EmbeddingLoss loss, EmbeddingBatch batch, StepOptions options) {
        try (StepPrograms plans = new StepPrograms(phase.planned(options), () -> {})) {
            return plans.prepare(loss, batch);
        }
    }

    private long total(long programs, StepOptions options) {
        return models + optimizer(options) + programs + data;
    }

    /** Sums of gradients are part of steps by chunks. */
    private long optimizer(StepOptions options) {
        return phase.optimizer().memoryBytes()
                + (options.chunk() == null
                        ? 0
                        : ParameterFiles.bytes(phase.optimizer().parameters()));
    }

    private static String text(long bytes) {
        return String.format(Locale.ROOT, "%.1f GB", bytes / GIGA);
    }
}
