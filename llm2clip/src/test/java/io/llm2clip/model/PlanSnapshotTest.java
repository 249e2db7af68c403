package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.internal.compiler.Compiler;
import io.llm2clip.tensor.internal.compiler.PlanText;
import io.llm2clip.tensor.internal.compiler.Target;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What the compiler makes of the models, kernel by kernel. A change of a plan shows as a change of a file in {@code plans}; with the
 * system property {@code llm2clip.test.snapshots=write} the files are written instead of compared.
 */
class PlanSnapshotTest {
    /** A device that is the same on every machine. */
    private static final Target TARGET = new Target("a device of tests", Set.of(Precision.F32), 64, true);

    private static final Path PLANS = Path.of("src", "test", "resources", "io", "llm2clip", "model", "plans");

    private static final Tensor LENGTHS = Tensor.input("lengths", Shape.of(2), DType.I32);

    @Test
    void aBlockOfAVit() {
        try (Parameters parameters = new Parameters(1)) {
            assertPlan("vit-block.txt", List.of(vitBlock(parameters)));
        }
    }

    @Test
    void aBlockOfALlama() {
        LlamaConfig config = LlamaConfig.miniature(50);
        try (Parameters parameters = new Parameters(1)) {
            LlamaBlock block = LlamaBlock.create(parameters.root(), config, LlamaInitialization.FAST);
            Tensor x = Tensor.input("x", Shape.of(12, config.hiddenSize()), DType.F32);
            RotaryTable table = RotaryTable.llama(12, config.headSize(), config.ropeTheta(), config.ropeScaling());
            Sequences captions = new Sequences.Ragged(
                    Tensor.input("offsets", Shape.of(4), DType.I32),
                    Tensor.input("positions", Shape.of(12), DType.I32));
            assertPlan("llama-block.txt", List.of(block.apply(x, captions, true, captions.angles(table))));
        }
    }

    @Test
    void aTrainingStep() {
        try (Parameters parameters = new Parameters(1)) {
            Tensor loss = vitBlock(parameters).square().mean();
            List<Tensor> outputs = new ArrayList<>(List.of(loss));
            outputs.addAll(Gradients.of(
                    loss, parameters.all().stream().map(Parameter::tensor).toList()));
            assertPlan("training-step.txt", outputs);
        }
    }

    private static Tensor vitBlock(Parameters parameters) {
        ClipBlock block = ClipBlock.stack(parameters.root(), 1, 32, 2, 64, Activation.QUICK_GELU, 1e-5f)
                .getFirst();
        return block.apply(Tensor.input("x", Shape.of(2, 5, 32), DType.F32), new Sequences.Padded(LENGTHS), false);
    }

    private static void assertPlan(String file, List<Tensor> outputs) {
        String found = PlanText.of(Compiler.compile(outputs, List.of(), TARGET, ProgramOptions.DEFAULT), TARGET);
        try {
            if (System.getProperty("llm2clip.test.snapshots", "").equals("write")) {
                Files.createDirectories(PLANS);
                Files.writeString(PLANS.resolve(file), found);
            }
            assertThat(found).isEqualTo(Files.readString(PLANS.resolve(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
