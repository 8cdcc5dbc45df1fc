import { lintConfig } from '@longhaul/lint';

export default lintConfig({ root: import.meta.dirname });
