package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every way in which a file can be wrong has its own message. */
class CorruptSafetensorsTest {
    private static final String A = "'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 4 | expected 8 bytes after the header, found 4; the file is truncated, fetch it again.
            {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 9 | expected 8 bytes after the header, found 9 that belong to no tensor; fetch or export it again.
            {} | 1 | expected 0 bytes after the header, found 1 that belong to no tensor; fetch or export it again.
            {'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | 8 | tensor 'a': expected 12 bytes for type F32 and shape [3], found 8 bytes. The file is damaged; fetch or export it again.
            {'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | 8 | tensor 'a': expected data_offsets [begin, end] with begin <= end, found [8, 0]. The file is damaged; fetch or export it again.
            {'a':{'dtype':'F32','shape':[2],'data_offsets':[8]}} | 8 | tensor 'a': expected data_offsets [begin, end] with begin <= end, found [8]. The file is damaged; fetch or export it again.
            {'a':{'dtype':'F32','shape':[2]}} | 8 | tensor 'a': expected data_offsets as a list of whole numbers from 0 up, found null. The file is damaged; fetch or export it again.
            {'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | 8 | tensor 'a': expected shape as a list of whole numbers from 0 up, found [-2]. The file is damaged; fetch or export it again.
            {'a':{'dtype':'F32','shape':[2.5],'data_offsets':[0,8]}} | 8 | tensor 'a': expected shape as a list of whole numbers from 0 up, found [2.5]. The file is damaged; fetch or export it again.
            {'a':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,8]}} | 8 | tensor 'a': expected a shape of fewer than 2^63 bytes, found [4294967296, 4294967296]. The file is damaged; fetch or export it again.
            {'a':{'dtype':'C64','shape':[2],'data_offsets':[0,2]}} | 2 | tensor 'a': expected a dtype among [BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64], found C64; convert the checkpoint to one of these.
            {'a':7} | 0 | tensor 'a': expected a dtype among [BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64], found null; convert the checkpoint to one of these.
            {'a':{'dtype':'U8','shape':[2],'data_offsets':[0,2]},'b':{'dtype':'U8','shape':[2],'data_offsets':[1,3]}} | 3 | tensor 'b': expected its data to begin at 2, where the tensor before it ends, found 1, which overlaps it. The file is damaged; fetch or export it again.
            {'a':{'dtype':'U8','shape':[2],'data_offsets':[0,2]},'b':{'dtype':'U8','shape':[2],'data_offsets':[3,5]}} | 5 | tensor 'b': expected its data to begin at 2, where the tensor before it ends, found 3, which leaves a hole. The file is damaged; fetch or export it again.
            {'__metadata__':{'format':1}} | 0 | expected __metadata__ to map names to strings, found {"format":1}; export it again.
            [] | 0 | expected a safetensors header that is a JSON object, found ARRAY; fetch or export it again.
            """)
    void refusesWrongHeaders(String header, int dataBytes, String message) throws IOException {
        assertRefused(safetensors(header, dataBytes), message);
    }

    @Test
    void refusesATensorNamedTwice() throws IOException {
        Path file = safetensors("{" + A + "," + A + "}", 8);
        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": expected a safetensors header in JSON, found: Duplicate")
                .hasMessageEndingWith("The file is damaged; fetch or export it again.");
    }

    @ParameterizedTest
    @CsvSource({"{'a':", "nonsense", "{} {}"})
    void refusesAHeaderThatIsNotJson(String header) throws IOException {
        Path file = safetensors(header, 0);
        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": expected a safetensors header in JSON, found: ");
    }

    @Test
    void refusesWrongLengths() throws IOException {
        assertRefused(
                file(new byte[3]),
                "expected a safetensors file of at least 8 bytes, found 3; it is truncated, fetch it again.");
        assertRefused(
                file(header(10, "{}")),
                "expected a header of 10 bytes, found 2 up to the end of the file; it is truncated, fetch it again.");
        assertRefused(
                file(header(-1, "{}")),
                "expected a header of at most 100000000 bytes, found the length 18446744073709551615; this is not a safetensors file.");
    }

    @Test
    void recognisesWhatIsNoSafetensorsFile() throws IOException {
        assertRefused(
                file("version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8)),
                "expected weights, found a Git LFS pointer; run 'git lfs pull' in its repository.");
        assertRefused(
                file("<!DOCTYPE html><html>".getBytes(StandardCharsets.UTF_8)),
                "expected weights, found a web page, as of a download that failed; fetch it again.");
    }

    @Test
    void refusesMissingFiles() {
        assertRefused(directory.resolve("none.safetensors"), "expected a file of weights, found none; check the path.");
        assertRefused(
                directory,
                "expected model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json or one other file of weights in this directory, found none; check that the download is complete.");
    }

    @Test
    void everyTruncationIsNoticed() throws IOException {
        byte[] whole = Files.readAllBytes(safetensors("{" + A + "}", 8));
        for (int length = 0; length < whole.length; length++) {
            Path cut = file(Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Checkpoint.open(cut))
                    .as("first %d bytes", length)
                    .isInstanceOf(CheckpointException.class);
        }
        try (Checkpoint file = Checkpoint.open(file(whole))) {
            assertThat(file.readFloats("a")).hasSize(2);
        }
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(file + ": " + message);
    }

    private Path safetensors(String header, int dataBytes) throws IOException {
        String json = header.replace('\'', '"');
        byte[] start = header(json.length(), json);
        return file(Arrays.copyOf(start, start.length + dataBytes));
    }

    private static byte[] header(long length, String json) {
        return ByteBuffer.allocate(8 + json.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(json.getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(Files.createTempFile(directory, "corrupt", ".safetensors"), bytes);
    }
}
