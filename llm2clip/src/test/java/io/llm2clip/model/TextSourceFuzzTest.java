package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.TiktokenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mutated files that say what a text encoder is: read, or refused with a sentence that begins with the file's name or has it. */
class TextSourceFuzzTest {
    private static final int INPUTS = Integer.getInteger("llm2clip.fuzz", 500);
    /** Of a GGUF file, in which metadata come first. */
    private static final int METADATA = 16 << 10;

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "gemma", "phi3"})
    void metadataOfGgufFiles(String name) throws IOException {
        Path file = temporary.resolve("mutated.gguf");
        fuzz(Golden.path("gguf/families/" + name + ".gguf"), METADATA, file, _ -> {
            try (TextSource source = TextSource.open(file)) {
                assertThat(source.config().family().modelType()).isNotEmpty();
                assertThat(source.tokenizer().source()).isEqualTo(file);
                assertThat(source.captions().family()).isNotNull();
            }
        });
    }

    /** No number of a file decides how much is built. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "phi3"})
    void networksOfGgufFiles(String name) throws IOException {
        Path file = temporary.resolve("mutated.gguf");
        fuzz(INPUTS / 5, Golden.path("gguf/families/" + name + ".gguf"), 2 << 10, file, _ -> {
            try (TextSource source = TextSource.open(file);
                    Parameters onDisk = Parameters.onDisk()) {
                assertThat(source.encoder(onDisk, false).parameters()).isNotEmpty();
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "gemma", "phi3", "phi3-longrope"})
    void configurations(String name) throws IOException {
        Path file = temporary.resolve("config.json");
        fuzz(Golden.path("language/" + name + "/config.json"), Integer.MAX_VALUE, file, _ -> LlamaConfig.read(file));
    }

    @Test
    void llm2vecsSettings() throws IOException {
        Path file = temporary.resolve("llm2vec_config.json");
        fuzz(Golden.path("encoders/llama/llm2vec_config.json"), Integer.MAX_VALUE, file, Llm2VecConfig::read);
    }

    @Test
    void vocabulariesOfTiktoken() throws IOException {
        Path file = temporary.resolve("tokenizer.model");
        fuzz(Golden.path("../text/tokenizers/tiktoken.model"), Integer.MAX_VALUE, file, _ -> TiktokenFile.read(file));
    }

    private void fuzz(Path original, int within, Path file, Consumer<Path> reader) throws IOException {
        fuzz(INPUTS, original, within, file, reader);
    }

    private void fuzz(int inputs, Path original, int within, Path file, Consumer<Path> reader) throws IOException {
        byte[] bytes = Files.readAllBytes(original);
        Random random = new Random(original.toString().endsWith("json") ? 1 : 2);
        int refused = 0;
        for (int i = 0; i < inputs; i++) {
            Files.write(file, mutate(bytes, Math.min(within, bytes.length), random));
            try {
                reader.accept(temporary);
            } catch (CheckpointException | InputException e) {
                assertThat(e).hasMessageContaining(file.toString());
                refused++;
            }
        }
        assertThat(refused).as("refused of %d", inputs).isPositive();
    }

    private static byte[] mutate(byte[] original, int within, Random random) {
        byte[] bytes = original.clone();
        int at = random.nextInt(within);
        switch (random.nextInt(6)) {
            case 0 -> bytes = Arrays.copyOf(bytes, at);
            case 1 -> bytes[at] = (byte) random.nextInt(256);
            case 2 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 3 -> Arrays.fill(bytes, at, Math.min(within, at + 8), (byte) random.nextInt(-1, 1));
            case 4 -> {
                // Another digit, the likeliest way to a file that is well formed.
                for (int i = at; i < within; i++) {
                    if (bytes[i] >= '0' && bytes[i] <= '9') {
                        bytes[i] = (byte) ('0' + random.nextInt(10));
                        break;
                    }
                }
            }
            default -> {
                int from = random.nextInt(within);
                int length = Math.min(random.nextInt(64), within - Math.max(at, from));
                System.arraycopy(original, from, bytes, at, length);
            }
        }
        return bytes;
    }
}
