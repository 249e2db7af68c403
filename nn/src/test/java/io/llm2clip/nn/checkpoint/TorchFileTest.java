package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "every-type",
                "views",
                "training",
                "state-dict",
                "protocol-3",
                "protocol-4",
                "protocol-5",
                "nested",
                "one-tensor",
                "compiled",
                "no-checksums",
                "unreadable",
                "big-endian",
                "script",
                "traced"
            })
    void readsWhatPyTorchReads(String name) {
        try (Checkpoint file = Checkpoint.open(TorchGoldens.path(name + ".pt"));
                Checkpoint expected = Checkpoint.open(TorchGoldens.path(name + ".safetensors"))) {
            TorchGoldens.assertSame(file.entries(), expected.entries());
        }
    }

    /** Whatever the file is called. */
    @Test
    void findsTheFormatByContent() throws IOException {
        Path misnamed = Files.copy(TorchGoldens.path("state-dict.pt"), directory.resolve("model.safetensors"));
        try (Checkpoint byName = Checkpoint.open(misnamed);
                Checkpoint byDirectory = Checkpoint.open(directory)) {
            assertThat(byName.entries()).containsKey("visual.conv1.weight");
            assertThat(byDirectory.source()).isEqualTo(misnamed);
        }
    }

    @Test
    void readsShards() throws IOException {
        for (Path path :
                List.of(TorchGoldens.path("sharded/pytorch_model.bin.index.json"), TorchGoldens.path("sharded"))) {
            try (Checkpoint file = Checkpoint.open(path);
                    Checkpoint expected = Checkpoint.open(TorchGoldens.path("sharded.safetensors"))) {
                TorchGoldens.assertSame(file.entries(), expected.entries());
            }
        }
    }

    @Test
    void usesTensorsWhereTheyLie() {
        try (Checkpoint file = Checkpoint.open(TorchGoldens.path("state-dict.pt"))) {
            StoredTensor weight = file.tensor("visual.blocks.0.weight");
            assertThat(weight.isDense()).isTrue();
            assertThat(weight.data().isMapped()).isTrue();
            assertThat(weight.data().address() % 64).isZero();
        }
    }

    @Test
    void viewsShareTheirStorage() {
        try (Checkpoint file = Checkpoint.open(TorchGoldens.path("views.pt"))) {
            StoredTensor base = file.tensor("base");
            assertThat(file.tensor("offset").data().address())
                    .isEqualTo(base.data().address() + 7 * Float.BYTES);
            assertThat(file.tensor("matrix").data().address())
                    .isEqualTo(base.data().address());
            assertThat(file.tensor("one-wide").isDense()).isTrue();
            StoredTensor transposed = file.tensor("transposed");
            assertThat(transposed.isDense()).isFalse();
            assertThat(transposed.bytes()).isEqualTo(240);
            assertThatThrownBy(transposed::data)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "A tensor of shape [10, 6] does not lie row-major and little-endian in its file; copy its elements.");
        }
    }

    @Test
    void copiesPartsOfViews() {
        try (Checkpoint file = Checkpoint.open(TorchGoldens.path("views.pt"))) {
            for (String name : List.of("permuted", "halves-cut", "columns")) {
                StoredTensor view = file.tensor(name);
                float[] whole = view.toFloats();
                for (int first = 0; first <= whole.length; first++) {
                    for (int end = first; end <= whole.length; end++) {
                        float[] part = new float[end - first];
                        view.copyFloatsTo(MemorySegment.ofArray(part), first, end);
                        assertThat(part).as(name).containsExactly(Arrays.copyOfRange(whole, first, end));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"views", "big-endian"})
    void viewsAreWrittenAsTheyRead(String name) throws IOException {
        Path copy = directory.resolve("copy.safetensors");
        try (Checkpoint file = Checkpoint.open(TorchGoldens.path(name + ".pt"))) {
            SafetensorsWriter.write(copy, file.entries(), Map.of());
            try (Checkpoint written = Checkpoint.open(copy)) {
                TorchGoldens.assertSame(written.entries(), file.entries());
            }
        }
    }

    @Test
    void namesWhatItCannotRead() {
        Path path = TorchGoldens.path("unreadable.pt");
        try (Checkpoint file = Checkpoint.open(path)) {
            assertThat(file.unreadable())
                    .isEqualTo(Map.of(
                            "complex", "one of a torch.ComplexFloatStorage",
                            "sparse", "one made by torch._utils._rebuild_sparse_tensor",
                            "quantized", "one made by torch._utils._rebuild_qtensor",
                            "meta", "one made by torch._utils._rebuild_meta_tensor_no_storage"));
            assertThatThrownBy(() -> file.tensor("complex"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(
                            path + ": tensor 'complex': expected a dense tensor of a type among [BOOL, ")
                    .hasMessageEndingWith(", found one of a torch.ComplexFloatStorage; convert it to one of these.");
        }
    }

    @Test
    void saysHowToConvertTheOldFormat() {
        assertRefused(
                "refused-legacy.pt",
                "expected weights as safetensors, a PyTorch zip archive or GGUF, found PyTorch's format from before version 1.6; convert it in Python: torch.save(torch.load(FILE, map_location='cpu', weights_only=True), NEW_FILE).");
    }

    @Test
    void saysHowToSaveTheWeightsOfAModule() {
        assertRefused(
                "refused-module.pt",
                "expected tensors, containers, numbers and strings, found the Python name 'torch.nn.modules.linear.Linear'; nothing of it was run. If you trust the file, load it in Python and save its weights alone: torch.save(model.state_dict(), NEW_FILE).");
    }

    @Test
    void refusesACheckpointWithoutWeights() {
        assertRefused(
                "refused-no-weights.pt",
                "expected tensors, found a dictionary without any; save the weights of the model: torch.save(model.state_dict(), FILE).");
    }

    private static void assertRefused(String name, String message) {
        Path path = TorchGoldens.path(name);
        assertThatThrownBy(() -> Checkpoint.open(path))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(path + ": " + message);
    }
}
