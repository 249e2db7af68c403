package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardedSafetensorsTest {
    @TempDir
    private Path directory;

    @BeforeEach
    void writeShards() {
        write("one.safetensors", "a", 1);
        write("two.safetensors", "b", 2);
    }

    @Test
    void readsAllShardsThroughTheIndexOrItsDirectory() throws IOException {
        Path index = index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        for (Path path : new Path[] {index, directory}) {
            try (Checkpoint set = Checkpoint.open(path)) {
                assertThat(set.entries()).containsOnlyKeys("a", "b");
                assertThat(set.readFloats("b")).containsExactly(2f);
            }
        }
    }

    /** As the cache of the Hub has it: a snapshot's names link to files that are named by their content. */
    @Test
    void readsAFolderOfLinks() throws IOException {
        Path blobs = Files.createDirectories(directory.resolve("hub/blobs"));
        Path snapshot = Files.createDirectories(directory.resolve("hub/snapshots/main"));
        Path index = index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        for (Path file : List.of(directory.resolve("one.safetensors"), directory.resolve("two.safetensors"), index)) {
            Path name = file.getFileName();
            Files.move(file, blobs.resolve("sha-of-" + name));
            Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs/sha-of-" + name));
        }
        try (Checkpoint set = Checkpoint.open(snapshot)) {
            assertThat(set.entries()).containsOnlyKeys("a", "b");
        }
    }

    @Test
    void refusesAMissingShard() throws IOException {
        assertRefused(
                index("{\"a\":\"one.safetensors\",\"b\":\"three.safetensors\"}"),
                "expected the shard three.safetensors beside it, found none; fetch all 2 shards.");
        assertRefused(
                index("{\"a\":\"one.safetensors\",\"b\":\"three.safetensors\",\"c\":\"four.safetensors\"}"),
                "expected the shards three.safetensors, four.safetensors beside it, found none; fetch all 3 shards.");
    }

    @Test
    void refusesATensorThatNoShardHolds() throws IOException {
        assertRefused(
                index("{\"a\":\"one.safetensors\",\"c\":\"one.safetensors\"}"),
                "tensor 'c': expected it in one.safetensors, found it in no shard; fetch that shard again.");
    }

    @Test
    void refusesATensorInAnotherShard() throws IOException {
        assertRefused(
                index("{\"a\":\"two.safetensors\",\"b\":\"one.safetensors\"}"),
                "tensor 'b': expected it in one.safetensors, found it in two.safetensors; index and shards are of different exports, fetch both again.");
    }

    @Test
    void refusesATensorThatTheIndexLacks() throws IOException {
        write("two.safetensors", "x", 2);
        assertRefused(
                index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}"),
                "tensor 'x': expected no such tensor, found it in two.safetensors; index and shards are of different exports, fetch both again.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../one.safetensors",
                "/etc/one.safetensors",
                "..\\\\one.safetensors",
                "..",
                ".",
                "",
                "C:one",
                "model.safetensors.index.json"
            })
    void refusesShardsThatAreNotFilesBesideTheIndex(String shard) throws IOException {
        assertRefused(
                index("{\"a\":\"" + shard + "\"}"),
                "tensor 'a': expected the name of a file beside the index, found \"" + shard + "\"; fetch it again.");
    }

    @Test
    void refusesAnIndexWithoutAWeightMap() throws IOException {
        Path index = Files.writeString(directory.resolve("model.safetensors.index.json"), "{}");
        assertRefused(index, "expected a 'weight_map' from tensors to shards, found none; fetch it again.");
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(file + ": " + message);
    }

    private void write(String shard, String name, float value) {
        SafetensorsWriter.write(
                directory.resolve(shard), Map.of(name, StoredTensor.of(new float[] {value}, 1)), Map.of());
    }

    private Path index(String weightMap) throws IOException {
        return Files.writeString(
                directory.resolve("model.safetensors.index.json"), "{\"weight_map\":%s}".formatted(weightMap));
    }
}
