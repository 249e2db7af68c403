package io.llm2clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreFilesTest {
    @TempDir
    Path folder;

    /** All but the keys, with which it is a store. */
    @Test
    void whatAStoreWritesIsItsOwn() throws IOException {
        Files.createFile(StoreFiles.mark(folder, "0123abcd"));
        Files.createFile(folder.resolve(StoreFiles.FINISHED));
        for (StoredFloats type : StoredFloats.values()) {
            Files.createFile(folder.resolve(type.file()));
        }
        Files.createDirectory(new VectorPart(2, 12).folder(folder));
        Files.createFile(folder.resolve(".lock"));
        assertThatNoException().isThrownBy(() -> StoreFiles.requireOwn(folder));
        try (var marks = Files.newDirectoryStream(folder, StoreFiles.MARKS)) {
            assertThat(marks).containsExactly(StoreFiles.mark(folder, "0123abcd"));
        }
        try (var parts = Files.newDirectoryStream(folder, VectorPart.NAMES)) {
            assertThat(parts).containsExactly(folder.resolve("part-2-of-12"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"thesis.txt", "filled-water.txt", "unfilled-1.json", "keys-bin", "part-a-of-b", "vectors.f64"})
    void anythingElseIsSomebodyElses(String name) throws IOException {
        Files.createFile(folder.resolve(name));
        assertThatThrownBy(() -> StoreFiles.requireOwn(folder))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "%s: expected a store of text vectors or a new or empty folder, found other files (%s); choose another name.",
                        folder, name);
        Files.createFile(folder.resolve(StoreFiles.KEYS));
        assertThatNoException().isThrownBy(() -> StoreFiles.requireOwn(folder));
    }
}
