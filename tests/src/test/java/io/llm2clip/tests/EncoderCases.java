package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.image.PatchLimits;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.model.CaptionTensors;
import io.llm2clip.model.ClipTextTower;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.TokenBatch;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Encoders and their gradients as on the CPU; run by {@link DeviceTest}, not by itself. */
class EncoderCases {
    @Test
    void theTextTowerOfTheBaseline() {
        try (Parameters parameters = new Parameters(1)) {
            ClipTextTower tower = ClipTextTower.create(parameters, ClipTextTower.Config.miniature(20, 6, 8));
            assertAsOnTheCpu(
                    in -> tower.embed(in.get(0), in.get(1)),
                    tower.parameters().getFirst(),
                    List.of(
                            TensorData.ofInts(Shape.of(2, 6), 1, 7, 2, 0, 0, 0, 1, 9, 9, 4, 3, 2),
                            TensorData.ofInts(Shape.of(2), 3, 6)));
        }
    }

    /** Also where a work-group has rows of several captions. */
    @Test
    void captionsOfSeveralLengths() {
        LlamaConfig config = new LlamaConfig(50, 16, 24, 2, 4, 2, 8, 1e-5f, 10_000, null, 512, false);
        try (Parameters parameters = new Parameters(2)) {
            Llama llama = Llama.encoder(parameters, config, LlamaInitialization.FAST);
            List<CaptionRow> rows = IntStream.of(3, 40, 1, 7, 19)
                    .mapToObj(length -> new CaptionRow(
                            IntStream.range(0, length)
                                    .map(i -> (7 * i + length) % 50)
                                    .toArray(),
                            0,
                            length,
                            false))
                    .toList();
            assertAsOnTheCpu(
                    in -> CaptionTensors.pooled(llama, in, false),
                    llama.parameters().getFirst(),
                    CaptionTensors.of(TokenBatch.of(rows), Pooling.MEAN));
        }
    }

    /** Also where a work-group has rows of several images, and the position embeddings of each are others. */
    @Test
    void imagesInTheirOwnProportions() {
        VisionConfig config = VisionConfig.naFlex(4, 2, 16, 24, 2, 2, Activation.GELU_TANH);
        Preprocessing preprocessing = Preprocessing.naFlex(2, PatchLimits.of(30));
        List<RgbImage> images = IntStream.of(3, 40, 11)
                .mapToObj(width -> {
                    byte[] pixels = new byte[3 * 9 * width];
                    for (int i = 0; i < pixels.length; i++) {
                        pixels[i] = (byte) (i * i + width);
                    }
                    return preprocessing.resized(new RgbImage(width, 9, pixels));
                })
                .toList();
        try (Parameters parameters = new Parameters(3);
                Arena arena = Arena.ofShared()) {
            VisionTower tower = VisionTower.create(parameters, config);
            assertAsOnTheCpu(
                    tower::embed, tower.positions(), new VisionInputs(config, preprocessing, arena).of(images));
        }
    }

    private static void assertAsOnTheCpu(
            Function<List<Tensor>, Tensor> encoder, Parameter parameter, List<TensorData> values) {
        List<Tensor> inputs = values.stream()
                .map(value -> Tensor.input("input", value.shape(), value.dtype()))
                .toList();
        Tensor vectors = encoder.apply(inputs);
        List<Tensor> roots = List.of(
                vectors,
                Gradients.of(vectors.square().sum(), List.of(parameter.tensor()))
                        .getFirst());
        try (Program onDevice = Program.compile(roots, TestExecution.get());
                Program onHost = Program.compile(roots, Execution.cpu())) {
            for (Program each : List.of(onDevice, onHost)) {
                for (int i = 0; i < values.size(); i++) {
                    each.feed(inputs.get(i), values.get(i));
                }
            }
            List<TensorData> found = onDevice.run();
            List<TensorData> expected = onHost.run();
            for (int i = 0; i < roots.size(); i++) {
                float[] wanted = expected.get(i).toFloats();
                float largest = 0;
                for (float value : wanted) {
                    largest = Math.max(largest, Math.abs(value));
                }
                assertThat(found.get(i).toFloats()).containsExactly(wanted, within(1e-5f * Math.max(10, largest)));
            }
        }
    }
}
