package io.llm2clip.bench.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.StoredType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RandomCheckpointTest {
    @TempDir
    private Path directory;

    @Test
    void theModelsOpenAndTheirVectorsAreFinite() throws IOException {
        Shown.tiny().make(directory);
        Path text = directory.resolve(Shown.TEXT);
        try (TextModel model = TextModel.open(text)) {
            assertThat(model.row(Shown.captions(1, 20, 20).getFirst()).length).isBetween(20, 24);
            for (float[] vector : model.vectors(Shown.captions(3, 8, 60)).toArrays()) {
                for (float value : vector) {
                    assertThat(value).isFinite();
                }
            }
        }
        try (Parameters parameters = Parameters.frozen()) {
            assertThat(VisionTower.open(parameters, directory.resolve(Shown.VISION))
                            .parameters())
                    .isNotEmpty();
        }
        byte[] written = Files.readAllBytes(text.resolve("model.safetensors"));
        Shown.tiny().make(directory);
        assertThat(Files.readAllBytes(text.resolve("model.safetensors"))).isEqualTo(written);
    }

    @Test
    void matricesHaveVarianceOfOneOverFanIn() throws IOException {
        Shown.tiny().make(directory);
        try (Checkpoint file = Checkpoint.open(directory.resolve(Shown.TEXT))) {
            assertThat(file.entries().values()).allMatch(tensor -> tensor.type() == StoredType.BF16);
            float[] weight = file.readFloats("layers.0.mlp.down_proj.weight");
            double squares = 0;
            double sum = 0;
            for (float value : weight) {
                squares += (double) value * value;
                sum += value;
            }
            assertThat(squares / weight.length * 96).isBetween(0.95, 1.05);
            assertThat(Math.abs(sum / weight.length)).isLessThan(0.01);
            assertThat(file.readFloats("norm.weight")).containsOnly(1);
        }
    }

    @Test
    void captionsAreOfAllLengths() {
        List<Integer> lengths = Shown.captions(300, 8, 497).stream()
                .map(caption -> caption.split(" ").length)
                .toList();
        assertThat(lengths).doesNotHaveDuplicates().allMatch(length -> length >= 8 && length <= 497);
    }
}
