package io.llm2clip.nn.optimizer;

import static io.llm2clip.nn.optimizer.KeptParameters.zeros;

import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * AdamW (Loshchilov and Hutter 2019) with clipping of the gradients' global norm. It owns the running moments of all parameters, two
 * floats an element; the programs that update them are a {@link TrainStep} or a {@link GradientAccumulator}, of which it may have several.
 */
public final class AdamW implements AutoCloseable {
    private static final String STEPS = "steps";

    /**
     * What all groups share.
     *
     * @param beta1 decay of the running mean
     * @param beta2 decay of the running variance
     * @param epsilon added to the root of the variance
     * @param clipNorm the norm that longer gradients are scaled to; infinity for no clipping
     */
    public record Options(float beta1, float beta2, float epsilon, float clipNorm) {
        public Options {
            Limit.BETA.require("beta1", beta1);
            Limit.BETA.require("beta2", beta2);
            Limit.EPSILON.require("epsilon", epsilon);
            Limit.CLIP_NORM.require("clipNorm", clipNorm);
        }

        /** Betas 0.9 and 0.999, epsilon 1e-8, no clipping: PyTorch's defaults. */
        public static final Options DEFAULT = new Options(0.9f, 0.999f, 1e-8f, Float.POSITIVE_INFINITY);

        public Options withClipNorm(float norm) {
            return new Options(beta1, beta2, epsilon, norm);
        }
    }

    private final List<ParameterGroup> groups;
    private final Options options;
    private final List<Parameter> parameters;
    private final Parameters moments = new Parameters(0);
    private final Device device;
    private final KeptParameters kept;
    // Null unless asked for.
    private @Nullable MovingAverage average;
    private long steps;
    private boolean keeping;
    private long keptSteps;

    /**
     * An optimizer that has made no step.
     *
     * @param groups what it trains, each parameter once
     * @param options what all groups share
     * @param device where its steps run
     */
    public AdamW(List<ParameterGroup> groups, Options options, Device device) {
        this.device = device;
        this.groups = List.copyOf(groups);
        this.options = options;
        this.parameters = groups.stream().flatMap(g -> g.parameters().stream()).toList();
        kept = new KeptParameters(parameters);
        requireDistinct(parameters);
        requireTrainable(parameters);
        try {
            for (Parameter parameter : parameters) {
                zeros(moments, mean(parameter), parameter);
                zeros(moments, variance(parameter), parameter);
            }
        } catch (RuntimeException | Error e) {
            moments.close();
            throw e;
        }
    }

    private static void requireDistinct(List<Parameter> parameters) {
        Set<Parameter> distinct = new HashSet<>();
        for (Parameter parameter : parameters) {
            if (!distinct.add(parameter)) {
                throw new IllegalArgumentException(
                        "Parameter " + parameter + " is in two groups; expected each in one.");
            }
        }
    }

    private static void requireTrainable(List<Parameter> parameters) {
        for (Parameter parameter : parameters) {
            if (parameter.isFrozen()) {
                throw new IllegalArgumentException("AdamW of parameter " + parameter
                        + ": expected one that may be trained, found a frozen one; load it into Parameters.trained().");
            }
        }
    }

    /** All parameters, in the order of their groups. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** Where its steps run. */
    public Device device() {
        return device;
    }

    /** Steps made so far, those before a {@link #load} included. */
    public long steps() {
        return steps;
    }

    /** The running moments of all parameters, by names, and their averages. */
    List<Parameter> state() {
        List<Parameter> state = new ArrayList<>(moments.all());
        if (average != null) {
            state.addAll(average.parameters());
        }
        return state;
    }

    /** The bytes that {@link #save} writes, but for the header. */
    public long stateBytes() {
        return ParameterFiles.bytes(state());
    }

    /** Bytes of memory, beside the parameters: moments, average, and the two copies that {@link #keepAtNextStep} has made at first. */
    public long memoryBytes() {
        return stateBytes() + 2 * ParameterFiles.bytes(parameters);
    }

    /**
     * Averages the parameters exponentially from now on, after each step: {@code d average + (1 - d) parameter}, where d is {@code decay},
     * at first less: {@code (1 + t) / (10 + t)} after step t. The average takes a float for each element, and is saved with the moments.
     *
     * @throws IllegalStateException if they are averaged already
     */
    public void average(float decay) {
        if (average != null) {
            throw new IllegalStateException("The parameters of this AdamW are averaged already; ask for it once.");
        }
        average = new MovingAverage(parameters, decay, device);
    }

    /**
     * Does something while the parameters have the values of their average; with the parameters themselves if they are not averaged.
     * No steps may be made meanwhile.
     */
    public <R> R withAverage(Supplier<R> work) {
        useAverage();
        try {
            return work.get();
        } finally {
            useAverage();
        }
    }

    /** Exchanges the values of the parameters and of their average, if there is one. */
    public void useAverage() {
        if (average != null) {
            average.exchange();
        }
    }

    float clipNorm() {
        return options.clipNorm;
    }

    /**
     * The update of all parameters and moments.
     *
     * @param gradients f32, one for each of {@link #parameters()}, of its shape
     * @param rates as of {@link #rates}
     * @param scale factor of the gradients, of one element; if it is not finite, nothing changes
     */
    List<Update> updates(List<Tensor> gradients, Tensor rates, Tensor scale) {
        List<Update> updates = new ArrayList<>();
        for (ParameterGroup group : groups) {
            AdamWUpdate.Hyper hyper = new AdamWUpdate.Hyper(
                    group.learningRateScale(), options.beta1, options.beta2, options.epsilon, group.weightDecay());
            for (Parameter parameter : group.parameters()) {
                updates.add(new Update.Kernel(
                        new AdamWUpdate(parameter.shape().size(), hyper),
                        List.of(gradients.get(updates.size()), rates, scale),
                        List.of(
                                parameter.tensor(),
                                moments.get(mean(parameter)).tensor(),
                                moments.get(variance(parameter)).tensor())));
            }
        }
        return updates;
    }

    /** What changes from step to step, for the next one. */
    TensorData rates(float learningRate) {
        Limit.STEP_LEARNING_RATE.require("learningRate", learningRate);
        return TensorData.of(
                Shape.of(AdamWUpdate.RATES), learningRate, (float) (1 - Math.pow(options.beta1, steps + 1)), (float)
                        (1 - Math.pow(options.beta2, steps + 1)));
    }

    /** To be called before each step. */
    void begin() {
        if (keeping) {
            kept.copy();
        }
    }

    /** To be called after each step that has changed the parameters. */
    void made() {
        if (keeping) {
            kept.prove();
            keptSteps = steps;
            keeping = false;
        }
        steps++;
        if (average != null) {
            average.update(steps);
        }
    }

    /**
     * Has the next step that is made keep the parameters as they are before it: that its gradients are finite proves them sound.
     * There is one such copy, the newest.
     */
    public void keepAtNextStep() {
        keeping = true;
    }

    /**
     * Returns the parameters to those kept, after which there should be no further step: moments are not kept.
     *
     * @return after how many steps they were that; 0 and unchanged parameters if no step was made since any was to be kept
     */
    public long returnToKept() {
        kept.restore();
        return keptSteps;
    }

    /** Writes moments, average and number of steps, atomically, to go on from later. */
    public void save(Path file) {
        ParameterFiles.save(state(), file, Map.of(STEPS, Long.toString(steps)));
    }

    /** Takes up moments, average and number of steps that {@link #save} wrote for the same parameters. */
    public void load(Path file) {
        try (Checkpoint source = Checkpoint.open(file)) {
            String stored = source.metadata().getOrDefault(STEPS, "");
            if (!stored.matches("\\d{1,18}")) {
                throw new CheckpointException(
                        "%s: expected the number of '%s' in its metadata, found '%s'; pass a file written by AdamW.save."
                                .formatted(file, STEPS, stored));
            }
            ParameterFiles.load(state(), source);
            steps = Long.parseLong(stored);
        }
    }

    /** Frees moments, average and kept parameters; steps do not run any more. */
    @Override
    public void close() {
        Resources resources = new Resources();
        resources.add(moments::close);
        resources.add(kept::close);
        if (average != null) {
            resources.add(average::close);
        }
        resources.close();
    }

    private static String mean(Parameter parameter) {
        return parameter.name() + ".exp_avg";
    }

    private static String variance(Parameter parameter) {
        return parameter.name() + ".exp_avg_sq";
    }
}
