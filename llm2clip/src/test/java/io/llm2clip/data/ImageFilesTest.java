package io.llm2clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFilesTest {
    @TempDir
    Path folder;

    private Path write(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, "x");
    }

    @Test
    void imagesOfAllFoldersInOrderAndNothingHidden() throws Exception {
        Path b = write("b.JPG");
        Path a = write("below/deep/a.png");
        Path c = write("c.jfif");
        for (String left : List.of(
                ".hidden.png",
                "._b.JPG",
                ".cache/a.png",
                "__MACOSX/._b.JPG",
                "__MACOSX/b.jpg",
                "@eaDir/b.jpg",
                "Thumbs.db",
                "notes.txt",
                "movie.mov",
                "noextension")) {
            write(left);
        }
        Files.createDirectory(folder.resolve("folder.png"));
        ImageFiles found = ImageFiles.of(List.of(folder, b));
        assertThat(found.files()).containsExactly(b, a, c, b);
        assertThat(found.leftOut()).isEmpty();
    }

    @Test
    void formatsThatAreNotReadAreCountedAndNamedOnce() throws Exception {
        write("a.jpg");
        write("p/1.HEIC");
        write("p/2.heic");
        write("p/3.heif");
        write("x.avif");
        write("y.CR2");
        assertThat(ImageFiles.of(List.of(folder)).leftOut())
                .containsExactly(
                        "3 files are left out, the first is %s: HEIC is not read; convert them to JPEG or PNG."
                                .formatted(folder.resolve("p/1.HEIC")),
                        "%s is left out: AVIF is not read; convert it to JPEG or PNG."
                                .formatted(folder.resolve("x.avif")),
                        "%s is left out: camera raw is not read; convert it to JPEG or PNG."
                                .formatted(folder.resolve("y.CR2")));
        Files.delete(folder.resolve("a.jpg"));
        assertThatThrownBy(() -> ImageFiles.of(List.of(folder)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("The folder " + folder + " holds no images; expected files named ")
                .hasMessageContaining("3 files are left out, the first is ");
    }

    @Test
    void linksAreFollowedOnceAndThoseThatLeadNowhereNamed(@TempDir Path other) throws Exception {
        Path real = write("real/a.png");
        Files.createSymbolicLink(folder.resolve("real/up"), folder);
        Files.createSymbolicLink(folder.resolve("again"), folder.resolve("real"));
        Files.writeString(other.resolve("b.png"), "x");
        Files.createSymbolicLink(folder.resolve("album"), other);
        Files.createSymbolicLink(other.resolve("back"), folder);
        Path link = Files.createSymbolicLink(folder.resolve("z.png"), other.resolve("b.png"));
        Path nowhere = Files.createSymbolicLink(folder.resolve("gone.png"), folder.resolve("none.png"));
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
        ImageFiles found = ImageFiles.of(List.of(folder));
        assertThat(found.files()).containsExactly(folder.resolve("album/b.png"), real, link);
        assertThat(found.leftOut())
                .containsExactly("2 links lead nowhere and are left out, the first is " + nowhere + ".");
        Files.delete(loop);
        assertThat(ImageFiles.of(List.of(folder)).leftOut())
                .containsExactly("The link " + nowhere + " leads nowhere and is left out.");
    }

    @Test
    void aLockedFolderIsNamedAndTheOthersSearched() throws Exception {
        Path good = write("a/a.png");
        Path locked = write("locked/b.png").getParent();
        Path last = write("z/z.png");
        ImageSearch.Findings findings = new ImageSearch.Findings();
        List<Path> files = new ImageSearch(
                        findings,
                        directory -> {
                            if (directory.equals(locked)) {
                                throw new AccessDeniedException(directory.toString());
                            }
                            return ImageSearch.list(directory);
                        },
                        true)
                .below(folder);
        assertThat(files).containsExactly(good, last);
        assertThat(findings.sentences())
                .containsExactly("The folder " + locked + " cannot be read (permission denied) and is left out.");
        assertThatThrownBy(() -> new ImageSearch(
                                new ImageSearch.Findings(),
                                directory -> {
                                    throw new AccessDeniedException(directory.toString());
                                },
                                true)
                        .below(folder))
                .hasMessage("The folder " + folder + " cannot be read (permission denied).");
    }
}
