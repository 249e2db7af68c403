package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutputDirectoryTest {
    @TempDir
    Path temporary;

    private Path folder;
    private Path target;

    @BeforeEach
    void resolve() throws IOException {
        folder = temporary.toRealPath();
        target = folder.resolve("model");
    }

    private static void write(Path directory, String content, Existing existing) {
        try (OutputDirectory output = OutputDirectory.claim(directory, "model", existing)) {
            output.fill(unfinished -> {
                Files.createDirectory(unfinished.resolve("part"));
                Files.writeString(unfinished.resolve("part/weights"), content);
            });
            output.publish();
        }
    }

    private List<String> entries() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    private void assertRefused(Existing existing, String message) {
        assertThatThrownBy(() -> OutputDirectory.claim(target, "model", existing))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    @Test
    void appearsWholeAndAlone() throws IOException {
        write(target, "new", Existing.REFUSE);
        assertThat(target.resolve("part/weights")).hasContent("new");
        assertThat(entries()).containsExactly("model");
    }

    @Test
    void anEarlierOneStaysUnlessItIsToBeReplaced() throws IOException {
        write(target, "old", Existing.REFUSE);
        assertRefused(Existing.REFUSE, "holds a model already; choose another name or replace it with --overwrite.");
        assertThat(target.resolve("part/weights")).hasContent("old");
        write(target, "new", Existing.REPLACE);
        assertThat(target.resolve("part/weights")).hasContent("new");
        assertThat(entries()).containsExactly("model");
    }

    @ParameterizedTest
    @ValueSource(strings = {"photo.jpg", "part/notes.txt", "images/a/b.png", "empty/", "llm2clip.json"})
    void whatOthersPutThereIsNeverReplaced(String name) throws IOException {
        write(target, "old", Existing.REFUSE);
        Path foreign = target.resolve(name);
        Files.createDirectories(foreign.getParent());
        if (name.endsWith("/")) {
            Files.createDirectory(foreign);
        } else {
            Files.writeString(foreign, "mine");
        }
        String shown = name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
        assertRefused(
                Existing.REPLACE, "holds a model and files that are no part of it (" + shown + "); move them away");
        assertThat(foreign).exists();
    }

    @Test
    void linksInAnOutputAreForeignAndNotFollowed() throws IOException {
        write(target, "old", Existing.REFUSE);
        Path photos = Files.createDirectory(folder.resolve("photos"));
        Files.writeString(photos.resolve("a.jpg"), "mine");
        Files.createSymbolicLink(target.resolve("photos"), photos);
        assertRefused(Existing.REPLACE, "(photos)");
        assertThat(photos.resolve("a.jpg")).exists();
    }

    @Test
    void onlyAMarkerOfOursWithItsContentMakesAFolderOurs() throws IOException {
        Files.createDirectory(target);
        for (String content : List.of("", "{}", "[]", "{\"kind\": \"model\", \"files\": {}}", "\0")) {
            Files.writeString(target.resolve(OutputMarker.FILE), content);
            assertRefused(Existing.REPLACE, "expected a new or empty folder, found other files");
        }
    }

    /** Where no file can be made, some file systems say that there is none. */
    @Test
    @Timeout(20)
    void whereNoFileCanBeMadeIsSaid() {
        Path processes = Path.of("/proc");
        assumeTrue(Files.isDirectory(processes.resolve("self")), "of Linux");
        assertThatThrownBy(() -> OutputDirectory.claim(processes.resolve("model"), "model", Existing.REFUSE))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("/proc/model: cannot be written to: ");
    }

    @Test
    void anotherKindIsNotReplaced() {
        write(target, "old", Existing.REFUSE);
        assertThatThrownBy(() -> OutputDirectory.claim(target, "data set", Existing.REPLACE))
                .hasMessageContaining("expected a new or empty folder, found a model; choose another name.");
        Path adapter = target.resolveSibling("adapter");
        OutputDirectory.share(adapter, "adapter");
        assertThatThrownBy(() -> OutputDirectory.claim(adapter, "model", Existing.REPLACE))
                .hasMessageContaining("expected a new or empty folder, found an adapter; choose another name.");
    }

    @Test
    void whatFileManagersLeaveIsNoObstacle() throws IOException {
        write(target, "old", Existing.REFUSE);
        Files.writeString(target.resolve("part/.DS_Store"), "");
        write(target, "new", Existing.REPLACE);
        assertThat(target.resolve("part/weights")).hasContent("new");
    }

    @Test
    void anEmptyFolderIsFilledAndAFileRefused() throws IOException {
        Files.createDirectory(target);
        write(target, "new", Existing.REFUSE);
        Path file = Files.writeString(folder.resolve("file"), "mine");
        assertThatThrownBy(() -> OutputDirectory.claim(file, "model", Existing.REPLACE))
                .hasMessageContaining("expected a new or empty folder, found a file");
        assertThatThrownBy(() -> OutputDirectory.claim(file.resolve("below"), "model", Existing.REPLACE))
                .hasMessageContaining("cannot be written to: ");
        assertThat(file).hasContent("mine");
    }

    @Test
    void namesThatAreNoFolderToCreateAreRefused() {
        for (Path path : List.of(Path.of(""), Path.of("/"), Path.of("/a/.."))) {
            assertThatThrownBy(() -> OutputDirectory.claim(path, "model", Existing.REPLACE))
                    .hasMessageContaining("expected the name of a folder to create");
        }
        assertThatThrownBy(() -> OutputDirectory.claim(Path.of("."), "model", Existing.REPLACE))
                .isInstanceOf(CheckpointException.class);
    }

    @Test
    void aLinkStaysAndItsTargetIsReplaced() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("deep/model"));
        write(link, "new", Existing.REFUSE);
        write(link, "newer", Existing.REPLACE);
        assertThat(link).isSymbolicLink();
        assertThat(folder.resolve("deep/model/part/weights")).hasContent("newer");
        assertThat(entries()).containsExactly("deep", "link");
    }

    @Test
    void aSecondRunIsRefusedAtOnceWhicheverWayItNamesTheFolder() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), target);
        try (OutputDirectory first = OutputDirectory.claim(target, "model", Existing.REFUSE)) {
            for (Path name : List.of(target, link, folder.resolve("x/../model"))) {
                assertThatThrownBy(() -> OutputDirectory.claim(name, "model", Existing.REPLACE))
                        .hasMessage(
                                "%s: another run of this program is writing to this folder; wait until it ends or choose another folder.",
                                name);
            }
            assertThat(first.unfinished()).isDirectory();
        }
        write(target, "new", Existing.REFUSE);
    }

    @Test
    void anAbandonedClaimLeavesNothingNotEvenTheFoldersAbove() throws IOException {
        OutputDirectory.claim(folder.resolve("a/b/c"), "model", Existing.REFUSE).close();
        assertThat(entries()).isEmpty();
        assertThatThrownBy(() -> {
                    try (OutputDirectory output = OutputDirectory.claim(target, "model", Existing.REFUSE)) {
                        output.fill(unfinished -> {
                            Files.writeString(unfinished.resolve("half"), "x");
                            throw new IOException("No space left on device");
                        });
                    }
                })
                .hasMessageContaining("model: cannot be written: No space left on device; nothing was changed.");
        assertThat(entries()).isEmpty();
    }

    @Test
    void whatCameInTheWayMeanwhileIsKeptAndSoIsTheWork() throws IOException {
        try (OutputDirectory output = OutputDirectory.claim(target, "model", Existing.REFUSE)) {
            output.fill(unfinished -> Files.writeString(unfinished.resolve("weights"), "hours of work"));
            Files.createDirectory(target);
            Files.writeString(target.resolve("notes.txt"), "mine");
            assertThatThrownBy(output::publish)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageEndingWith(
                            "found other files (notes.txt); choose another name; it was saved as %s-2 instead.",
                            target);
        }
        assertThat(target.resolve("notes.txt")).hasContent("mine");
        assertThat(folder.resolve("model-2/weights")).hasContent("hours of work");
        assertThat(entries()).containsExactly("model", "model-2");
    }

    @Test
    void whatTheDiskHasNoRoomForIsRefused() {
        try (OutputDirectory output = OutputDirectory.claim(target, "model", Existing.REFUSE)) {
            output.requireRoom(1);
            assertThatThrownBy(() -> output.requireRoom(Long.MAX_VALUE))
                    .hasMessageContaining("make room or choose a folder on another disk");
        }
    }

    /** What a run leaves that is killed between moving the old one away and the new one there. */
    private void killBetweenTheMoves(boolean complete) throws IOException {
        write(target, "old", Existing.REFUSE);
        write(folder.resolve("next"), "new", Existing.REFUSE);
        String hidden = ".model." + UUID.randomUUID();
        Files.move(target, folder.resolve(hidden + ".previous"));
        Files.move(folder.resolve("next"), folder.resolve(hidden + ".tmp"));
        if (!complete) {
            Files.writeString(folder.resolve(hidden + ".tmp/part/weights"), "");
        }
        Files.writeString(folder.resolve(".model.lock"), "12345");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aDeathBetweenTheMovesLeavesTheOldOrTheNewOne(boolean complete) throws IOException {
        killBetweenTheMoves(complete);
        OutputDirectory.recover(target);
        assertThat(target.resolve("part/weights")).hasContent(complete ? "new" : "old");
        assertThat(entries()).containsExactly("model");
        OutputDirectory.recover(target);
        OutputDirectory.recover(folder.resolve("none"));
        assertThat(entries()).containsExactly("model");
    }

    @Test
    void theNextRunTreatsWhatItFindsAsAnEarlierOutput() throws IOException {
        killBetweenTheMoves(true);
        assertRefused(Existing.REFUSE, "holds a model already");
        assertThat(target.resolve("part/weights")).hasContent("new");
        write(target, "newest", Existing.REPLACE);
        assertThat(target.resolve("part/weights")).hasContent("newest");
        assertThat(entries()).containsExactly("model");
    }

    @Test
    void theNextRunCleansUpWhatAKilledOneLeft() throws IOException {
        Files.createDirectories(folder.resolve(".model." + UUID.randomUUID() + ".tmp/part"));
        Files.createDirectories(folder.resolve(".model." + UUID.randomUUID() + ".tmp.deleted"));
        Files.createDirectories(folder.resolve(".other." + UUID.randomUUID() + ".tmp"));
        Files.createDirectories(folder.resolve(".model.mine.tmp"));
        write(target, "new", Existing.REFUSE);
        assertThat(entries()).hasSize(3).contains("model", ".model.mine.tmp");
    }

    @Test
    void aSharedFolderIsNewEmptyOrOurs() throws IOException {
        OutputDirectory.share(target, "demo");
        Files.writeString(target.resolve("notes.txt"), "mine");
        assertThatCode(() -> OutputDirectory.share(target, "demo")).doesNotThrowAnyException();
        assertThat(target.resolve("notes.txt")).hasContent("mine");
        Path other = Files.createDirectory(folder.resolve("project"));
        Files.writeString(other.resolve("report.html"), "mine");
        assertThatThrownBy(() -> OutputDirectory.share(other, "demo"))
                .hasMessageContaining("expected a new or empty folder, or one of an earlier demo, found other files");
        assertThat(other).isDirectoryNotContaining(path -> !path.endsWith("report.html"));
    }

    @Test
    void damageIsNamed() throws IOException {
        assertThat(OutputDirectory.damaged(target, "model")).isEmpty();
        write(target, "new", Existing.REFUSE);
        assertThat(OutputDirectory.damaged(target, "model").orElseThrow()).isEmpty();
        Files.writeString(target.resolve("part/weights"), "");
        assertThat(OutputDirectory.damaged(target, "model").orElseThrow()).containsExactly("part/weights");
    }

    @Test
    void pathsOfMountPointsAreReadAsTheSystemWritesThem() throws IOException {
        assertThat(MountPoints.unescape("/mnt/my\\040disk\\134x")).isEqualTo("/mnt/my disk\\x");
        assertThat(MountPoints.contain(folder)).isFalse();
        assertThat(MountPoints.contain(folder.getRoot())).isTrue();
    }
}
