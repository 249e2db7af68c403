package io.llm2clip.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.data.Item;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class WorkingFileTest {
    private static final Fingerprint JOB = new Fingerprint(Map.of("model", "a"));

    @TempDir
    private Path folder;

    private WorkingFile open() {
        return WorkingFile.open(folder.resolve("v.npy"), JOB, 2, false);
    }

    private static void append(WorkingFile file, int number) {
        MemorySegment vector = Arena.ofAuto().allocate(8, 4);
        vector.setAtIndex(ValueLayout.JAVA_FLOAT, 0, number);
        vector.setAtIndex(ValueLayout.JAVA_FLOAT, 1, -number);
        file.append(
                new Item.Text("text " + number, number % 2 == 0 ? "k" + number : null),
                new RowFormat.Content(RowFormat.stamp(number), number == 3 ? 2 : 0, vector, null));
    }

    private static List<String> rows(WorkingFile file) throws IOException {
        List<String> rows = new ArrayList<>();
        file.forEach(row -> rows.add(row.label() + " "
                + (row.vector() == null
                        ? row.reason()
                        : Arrays.toString(row.vector().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)))));
        return rows;
    }

    /** Whatever a run ended in, at any byte: whole rows stay, and others follow them. */
    @Test
    void aRowThatIsNotWholeIsDropped() throws IOException {
        long[] ends = new long[4];
        try (WorkingFile file = open()) {
            for (int i = 1; i <= 3; i++) {
                ends[i - 1] = Files.size(file.path());
                append(file, i);
            }
            ends[3] = Files.size(file.path());
        }
        Path path = WorkingFile.beside(folder.resolve("v.npy"));
        byte[] all = Files.readAllBytes(path);
        for (long length = ends[1]; length <= ends[3]; length++) {
            Files.write(path, Arrays.copyOf(all, (int) length));
            try (WorkingFile file = open()) {
                int whole = length == ends[3] ? 3 : length >= ends[2] ? 2 : 1;
                assertThat(file.rows()).isEqualTo(whole);
                assertThat(file.counts().cutTexts()).isEqualTo(whole == 3 ? 2 : 0);
                append(file, 9);
                assertThat(rows(file)).hasSize(whole + 1).last().isEqualTo("text 9 [9.0, -9.0]");
            }
        }
        // Pages that a power cut left empty, or that are damaged.
        for (int at = (int) ends[1]; at < ends[2]; at++) {
            byte[] damaged = all.clone();
            damaged[at] ^= 0x40;
            Files.write(path, damaged);
            try (WorkingFile file = open()) {
                assertThat(rows(file)).containsExactly("text 1 [1.0, -1.0]");
            }
        }
    }

    @Test
    void rowsAreOfEveryKind() throws IOException {
        try (WorkingFile file = open()) {
            append(file, 2);
            file.append(
                    new Item.Image("a.png", Path.of("a.png"), "key"),
                    new RowFormat.Content(RowFormat.stamp(1), 0, null, "It is K\u00e4se."));
            file.append(
                    new Item.Unusable("line", "x:3", null, "No."),
                    new RowFormat.Content(RowFormat.stamp(1), 0, null, "No."));
            assertThat(rows(file)).containsExactly("k2 [2.0, -2.0]", "key It is K\u00e4se.", "x:3 No.");
            assertThat(file.counts()).isEqualTo(new ItemCounts(0, 1, 1, 1, 0));
            assertThat(file.kept()).startsWith("1 finished vector is kept in ");
        }
        assertThat(WorkingFile.beside(folder.resolve("v.npy"))).exists();
    }

    @Test
    void withoutVectorsNothingIsKept() {
        try (WorkingFile file = open()) {
            file.append(
                    new Item.Unusable("line", "x:3", null, "No."),
                    new RowFormat.Content(RowFormat.stamp(1), 0, null, "No."));
            assertThat(file.kept()).isEmpty();
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void rowsOfAnotherJobAreRefusedOrBegunAnew() throws IOException {
        try (WorkingFile file = open()) {
            append(file, 1);
        }
        Path output = folder.resolve("v.npy");
        Path path = WorkingFile.beside(output);
        Fingerprint other = new Fingerprint(Map.of("model", "b", "instruction", "c"));
        assertThatThrownBy(() -> WorkingFile.open(output, other, 2, false))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "%s: has rows of an interrupted run that differs in: instruction, model; run that again to go on, or begin anew with --overwrite.",
                        path);
        assertThatThrownBy(() -> WorkingFile.open(output, JOB, 3, false))
                .hasMessageContaining("differs in: values per vector;");
        try (WorkingFile file = WorkingFile.open(output, other, 2, true)) {
            assertThat(file.rows()).isZero();
            append(file, 4);
        }
        try (WorkingFile file = WorkingFile.open(output, other, 2, false)) {
            assertThat(rows(file)).containsExactly("k4 [4.0, -4.0]");
        }
        for (String foreign : List.of("x", "somebody's notes, which are longer than a header")) {
            Files.writeString(path, foreign);
            for (boolean anew : new boolean[] {false, true}) {
                assertThatThrownBy(() -> WorkingFile.open(output, JOB, 2, anew))
                        .hasMessage(
                                "%s: expected rows of an interrupted run, found something else; move it away, or choose another name for the output.",
                                path);
                assertThat(path).hasContent(foreign);
            }
        }
        byte[] begun;
        Files.delete(path);
        try (WorkingFile file = open()) {
            begun = Files.readAllBytes(path);
            append(file, 1);
        }
        for (int length : new int[] {1, 5, begun.length - 1}) {
            Files.write(path, Arrays.copyOf(begun, length));
            assertThatThrownBy(this::open).hasMessageContaining("found the half of one that ended in its first write");
            try (WorkingFile file = WorkingFile.open(output, JOB, 2, true)) {
                assertThat(file.rows()).isZero();
            }
        }
    }

    @Test
    void aSecondRunIsRefused() {
        try (WorkingFile file = open()) {
            append(file, 1);
            assertThatThrownBy(this::open)
                    .isInstanceOf(InputException.class)
                    .hasMessageEndingWith(
                            "v.npy.unfinished: another run is writing the same output; wait until it ends, or choose another name.");
            append(file, 2);
            assertThat(file.rows()).isEqualTo(2);
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aFullDiskIsOneSentence() throws IOException {
        Path path = WorkingFile.beside(folder.resolve("v.npy"));
        Files.createSymbolicLink(path, Path.of("/dev/full"));
        assertThatThrownBy(this::open)
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(path + ": cannot be written (No space left on device);")
                .hasMessageContaining(" MB free.");
    }
}
