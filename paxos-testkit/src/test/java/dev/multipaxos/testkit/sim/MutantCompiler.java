package dev.multipaxos.testkit.sim;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** Compiles one source file in memory, against the classes that are running. */
final class MutantCompiler {

    static {
        // tests run inside the library's module, which has no use for a compiler
        Module own = MutantCompiler.class.getModule();
        ModuleLayer.boot().findModule("java.compiler").ifPresent(own::addReads);
    }

    private MutantCompiler() {}

    /** Shared: most of the time goes into looking at the class path. */
    private static final class Shared {
        static final JavaCompiler COMPILER = compiler();
        static final StandardJavaFileManager FILES =
                COMPILER.getStandardFileManager(null, null, StandardCharsets.UTF_8);

        private static JavaCompiler compiler() {
            JavaCompiler found = ToolProvider.getSystemJavaCompiler();
            if (found == null) {
                throw new IllegalStateException("bugs are planted by compiling: this needs a JDK, not a JRE");
            }
            return found;
        }
    }

    /**
     * Compiles.
     *
     * @param name the name of the file
     * @param source what it holds
     * @return its classes, by name
     */
    static synchronized Map<String, byte[]> compile(String name, String source) {
        StringWriter complaints = new StringWriter();
        try (Output output = new Output(Shared.FILES)) {
            List<String> options = List.of("-proc:none", "-nowarn", "-implicit:none", "-g", "-classpath", classPath());
            boolean compiled = Shared.COMPILER
                    .getTask(complaints, output, null, options, null, List.of(new Source(name, source)))
                    .call();
            if (!compiled) {
                throw new AssertionError(name + " does not compile with the bug in it:\n" + complaints);
            }
            return output.classes();
        }
    }

    /** Modules or not: for the compiler everything is on the class path. */
    private static String classPath() {
        return Stream.of("java.class.path", "jdk.module.path")
                .map(property -> System.getProperty(property, ""))
                .filter(path -> !path.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String name, String text) {
            super(URI.create("planted:///" + name), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class Output extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written = new HashMap<>();

        Output(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, @Nullable FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("planted:///" + className.replace('.', '/') + ".class"), kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    written.put(className, bytes);
                    return bytes;
                }
            };
        }

        Map<String, byte[]> classes() {
            Map<String, byte[]> classes = new HashMap<>();
            written.forEach((name, bytes) -> classes.put(name, bytes.toByteArray()));
            return classes;
        }

        @Override
        public void close() {
            // the file manager below is shared
        }
    }
}
